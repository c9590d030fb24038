// Spoken commands and their review, on synthetic speech through the real pipeline: what waits, what a
// decision changes, and what it costs.
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { withDatabase } from '../../shared/db/connect.ts'
import { runCosts } from '../../shared/db/run-costs.ts'
import { openReview, submitDecisions, type Submitted } from '../../shared/review/review.ts'
import { startAgain } from '../../shared/episode/retry.ts'
import type { Rest } from '../../shared/edits/decisions-file.ts'
import type { EditList } from '../../shared/edits/edits.ts'
import { decodeFile, speechLike } from '../support/audio.ts'
import { said, wav, type SaidRecording } from '../support/recordings.ts'
import { aCandidate, aGemini, anOpenaiVoice, aTone } from '../support/vendors.ts'
import { aSharedWorld, aWorld, user, type World } from '../support/world.ts'

const sampleRate = 48_000
let talk: SaidRecording
/** Every test has an episode of its own in it; what they ask of the same recording is worked out once. */
let world: World
let slug = ''
let episodes = 0

beforeAll(async () => {
  talk = await said(
    ...['Welcome to our little show about the moon.', 0.9],
    ...['The moon is made of cheese.', 0.7, 'That was a mistake.', 0.8, 'The moon is made of rock.', 1.0],
    ...['Ask the assistant how far away is the moon?', 0.4, 'Stop.', 2.6],
    ...['Thank you all for listening to us.', 1.0],
  )
  world = await aSharedWorld({ until: 'finish' })
})

beforeEach(() => {
  slug = `moon-${++episodes}`
})

/** One channel is encoded in half the time of two. */
const output = { channels: 'mono' }
const place = (file: string) => `u/${user}/show/${slug}/${file}`

async function aTalk(template: object = {}, words = talk.words): Promise<void> {
  await world.upload(place('words.json'), words)
  await world.upload(place('template.json'), JSON.stringify({ output, ...template }))
  await world.arrive(await world.upload(place('talk.wav'), talk.wav))
  await world.runToEnd()
}

const latest = async (world: World) =>
  (
    await world.database.rows<{ id: string; episodeId: string; status: string }>(
      'SELECT id, episode_id AS "episodeId", status FROM runs ORDER BY created_at DESC LIMIT 1',
    )
  )[0]!

const decideThat = async (world: World, ...decisions: object[]): Promise<string> =>
  (await submitThat(world, { decisions })).runId

const submitThat = async (world: World, said: { decisions: object[]; rest?: Rest }): Promise<Submitted> => {
  const review = await openReview(world.services, (await latest(world)).episodeId)
  const file = JSON.stringify({ version: 1, ...said })
  return await submitDecisions(world.services, review, file, 'decisions.json')
}

async function deliverable(world: World, file: string, runId: string): Promise<Buffer> {
  const finish = (await world.steps(runId)).find(({ step }) => step === 'finish')!
  const { episodeId } = await latest(world)
  const name = `e/${episodeId}/${String(finish.output!['contentHash'])}/${file}`
  return (await world.storage.bucket(world.services.config.buckets.episodes).file(name).download())[0]
}

const text = async (world: World, runId: string) =>
  (await deliverable(world, 'transcript.txt', runId)).toString()

describe('A recording in which somebody asks for a cut and for an answer', () => {
  test('waits, with both listed and no task alive, until its producer has decided on each; then it is made with the answer spoken', async () => {
    await aTalk()
    const { id, episodeId } = await latest(world)
    expect(await world.run(id)).toMatchObject({ status: 'awaiting_review' })
    expect([await world.pending(), await world.sweep()]).toEqual([
      [],
      {
        overdue: 0,
        revived: 0,
        published: 0,
        cleared: 0,
        deleted: 0,
        remade: 0,
        abandoned: 0,
        reappeared: 0,
      },
    ])
    const { waiting } = await openReview(world.services, episodeId)
    expect(waiting.map(({ kind, text: words, question }) => [kind, question ?? words])).toEqual([
      ['flubber', expect.stringMatching(/cheese/)],
      ['intern', expect.stringMatching(/how far away is the moon/i)],
    ])

    expect(await decideThat(world, { decision: 'accept', edit: waiting[0]!.id })).toBe(id)
    await world.runToEnd()
    const left = await openReview(world.services, episodeId)
    expect([left.run.status, left.waiting.map(({ kind }) => kind)]).toEqual(['awaiting_review', ['intern']])

    // an hour goes by
    for (const [table, columns] of [
      ['steps', ['started_at', 'finished_at']],
      ['runs', ['created_at']],
    ] as const)
      await world.database.rows(
        `UPDATE ${table} SET ${columns.map((column) => `${column} = ${column} - interval '1 hour'`).join(', ')}`,
      )
    const answer = 'About four hundred thousand kilometers.'
    const resumed = await decideThat(world, { decision: 'answer', edit: waiting[1]!.id, text: answer })
    expect(resumed).toBe(id)
    await world.runToEnd()
    expect(await world.run(id)).toMatchObject({ status: 'finished' })
    const costs = (await withDatabase(world.services.config.databaseUrl, (db) => runCosts(db, id)))!
    expect([costs.elapsedSeconds, costs.workSeconds].filter((seconds) => seconds > 1800)).toEqual([]) // without the wait
    const transcript = await text(world, id)
    expect(transcript).toMatch(/moon is made of rock/)
    expect(transcript).toMatch(/About four hundred thousand kilometers\./)
    expect(transcript).not.toMatch(/cheese|mistake|assistant|Stop/)
    const [sound] = await decodeFile(await deliverable(world, 'episode.mp3', id), sampleRate, 1)
    const timeline = JSON.parse((await deliverable(world, 'timeline.json', id)).toString()) as {
      totalSamples: number
    }
    expect(sound!.length).toBe(timeline.totalSamples)
  })

  test('a decision after it was finished makes it again in a new run that transcribes, prepares and speaks nothing twice', async () => {
    await aTalk({ cleaning: { review: { flubber: 'apply' }, maxRemovedShare: 1 } })
    const { waiting } = await openReview(world.services, (await latest(world)).episodeId)
    await decideThat(world, { decision: 'answer', edit: waiting[0]!.id, text: 'Far.' })
    await world.runToEnd()
    const first = await latest(world)
    expect(first.status).toBe('finished')

    const second = await decideThat(world, {
      decision: 'cut',
      startSeconds: talk.seconds - 3,
      endSeconds: talk.seconds - 2,
    })
    expect(second).not.toBe(first.id)
    await world.runToEnd()
    expect(await world.run(second)).toMatchObject({ status: 'finished' })
    const steps = (await world.steps(second)).filter(({ reused }) => !reused).map(({ step }) => step)
    const anew = [...new Set(steps)]
    expect(anew).toEqual(
      ['decide', 'arrange', 'measure', 'level', 'render', 'finish'].filter((step) => anew.includes(step)),
    )
    const edits = JSON.parse((await deliverable(world, 'edits.json', second)).toString()) as EditList
    expect(edits.edits.filter(({ kind }) => kind === 'cut')).toHaveLength(1)
    expect(await text(world, second)).toMatch(/Far\./)
  })

  test('a cut by hand of more than its template lets go unseen is made, told and held, until it is published or taken back', async () => {
    const template = { cleaning: { flubber: { enabled: false }, intern: { enabled: false } } }
    await aTalk(template)
    const from = { startSeconds: 3, endSeconds: talk.seconds - 1 }
    const cut = await decideThat(world, { decision: 'cut', ...from })
    await world.runToEnd()
    const held = await world.run(cut)
    expect(held).toMatchObject({ status: 'finished', context: { isMostlyCut: true } })
    expect(held.warnings).toMatchObject([
      {
        code: 'mostly_cut',
        message: expect.stringMatching(
          /^\d\d % of the speech is cut by hand; .* no more than 30 % .*publish it/,
        ),
      },
    ])
    const published = `UPDATE episodes SET published = jsonb_build_object('contentHash', content_hash), published_at = now(), first_published_at = now() WHERE id = :id`
    await world.database.rows(published, { id: (await latest(world)).episodeId })
    await aTalk({ ...template, loudness: { targetLufs: -18 } })
    expect(await world.run((await latest(world)).id)).toMatchObject({
      status: 'finished',
      context: { isMostlyCut: false },
      warnings: [],
    })
    const { edits } = await openReview(world.services, (await latest(world)).episodeId)
    const { id } = edits.edits.find(({ kind }) => kind === 'cut')!
    const back = await decideThat(world, { decision: 'reject', edit: id })
    await world.runToEnd()
    expect(await world.run(back)).toMatchObject({
      status: 'finished',
      context: { isMostlyCut: false },
      warnings: [],
    })
  })

  test('an empty list decides on nothing and the run waits on; going on without deciding leaves both undone, and says so, this time and later', async () => {
    await aTalk()
    const { id } = await latest(world)
    expect(await submitThat(world, { decisions: [] })).toEqual({ runId: id, left: 2 })
    await world.runToEnd()
    expect(await world.run(id)).toMatchObject({ status: 'awaiting_review' })
    await submitThat(world, { decisions: [], rest: 'leave' })
    await world.runToEnd()
    const note = { code: 'left_undecided', message: expect.stringContaining('1 mistake, 1 question') }
    expect(await world.run(id)).toMatchObject({ status: 'finished', warnings: [note] })
    expect(await text(world, id)).toMatch(/cheese/)
    await aTalk({ cleaning: { pauses: { enabled: false } } })
    const again = await latest(world)
    expect(again.id).not.toBe(id)
    expect(await world.run(again.id)).toMatchObject({ status: 'finished', warnings: [note] })
  })

  test('of two decisions at once one wakes the run, and the other is told or makes it again', async () => {
    await aTalk()
    const review = await openReview(world.services, (await latest(world)).episodeId)
    const file = JSON.stringify({
      version: 1,
      decisions: [{ decision: 'reject', edit: review.waiting[0]!.id }],
    })
    const outcomes = await Promise.allSettled(
      [1, 2].map(() => submitDecisions(world.services, review, file, 'decisions.json')),
    )
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'already_running' },
    })
    expect(await world.pending()).toEqual(['decide'])
    await world.cancel((await latest(world)).id)
  })

  test('cancelled while it waits, it is over, and a decision afterwards starts it again', async () => {
    await aTalk()
    const { id } = await latest(world)
    expect(await world.cancel(id)).toBe(true)
    const { waiting } = await openReview(world.services, (await latest(world)).episodeId)
    expect(waiting).toEqual([])
    const { runId: again, left } = await submitThat(world, { decisions: [] })
    await world.runToEnd()
    expect([again === id, left, (await world.run(again)).status]).toEqual([false, 2, 'awaiting_review'])
  })
})

describe('A show with a language model and a voice of its own', () => {
  const template = {
    output,
    voice: { provider: 'openai', voice: 'alloy', name: 'Sage' },
    cleaning: { intern: { answerer: 'gemini' }, flubber: { enabled: false }, maxRemovedShare: 1 },
  }

  test('answers the question and speaks the answer without waiting for anybody, and pays for each once', async () => {
    const [gemini, openai] = [await aGemini(aCandidate('It is a long walk.')), await anOpenaiVoice(aTone(2))]
    const world = await aWorld({
      until: 'finish',
      env: { GEMINI_URL: gemini.baseUrl, OPENAI_URL: `${openai.baseUrl}/v1` },
    })
    await world.giveKey('gemini', 'g-key')
    await world.giveKey('openai', 'o-key')
    for (let time = 0; time < 2; time++) {
      await world.upload(place('words.json'), talk.words)
      await world.upload(place('template.json'), JSON.stringify(template))
      await world.arrive(await world.upload(place('talk.wav'), talk.wav))
      await world.runToEnd()
      const { id } = await latest(world)
      expect(await world.run(id)).toMatchObject({ status: 'finished' })
      expect(await text(world, id)).toMatch(/Sage: It is a long walk\./)
    }
    expect([gemini.received.length, openai.received.length]).toEqual([1, 1])
    expect(openai.last().json()).toMatchObject({ input: 'It is a long walk.', voice: 'alloy' })
  })

  test('fails with the voice named when the provider does not know it: never silence', async () => {
    const openai = await anOpenaiVoice()
    const world = await aWorld({ until: 'finish', env: { OPENAI_URL: `${openai.baseUrl}/v1` } })
    await world.giveKey('openai', 'o-key')
    await world.upload(place('words.json'), talk.words)
    const unknown = {
      output,
      voice: { provider: 'openai', voice: 'nobody' },
      cleaning: { ...template.cleaning, intern: {} },
    }
    await world.upload(place('template.json'), JSON.stringify(unknown))
    await world.arrive(await world.upload(place('talk.wav'), talk.wav))
    await world.runToEnd()
    const { waiting } = await openReview(world.services, (await latest(world)).episodeId)
    await decideThat(world, { decision: 'answer', edit: waiting[0]!.id, text: 'Far.' })
    await world.runToEnd()
    const run = await world.run((await latest(world)).id)
    expect(run).toMatchObject({ status: 'failed', stopReason: 'unknown_voice' })
    expect(run.errorMessage).toMatch(/nobody/)
  })
})

describe('Sounds and bleeps', () => {
  test('a bleep stands exactly over its word, which the transcript hides too, and a sound takes the place of its phrase', async () => {
    const bell = Float32Array.from(
      { length: sampleRate },
      (_, i) => 0.3 * Math.sin((2 * Math.PI * 440 * i) / sampleRate),
    )
    await world.upload(`u/${user}/show/assets/bell.wav`, wav(bell, sampleRate))
    const template = {
      output,
      cleaning: {
        flubber: { enabled: false },
        intern: { enabled: false },
        pauses: { enabled: false },
        fillers: { enabled: false },
        censor: { enabled: true, words: ['cheese'] },
        sfx: { sounds: [{ phrase: 'that was a mistake', file: 'bell.wav' }] },
      },
    }
    await world.upload(place('words.json'), talk.words)
    await world.upload(place('template.json'), JSON.stringify(template))
    await world.arrive(await world.upload(place('talk.wav'), talk.wav))
    await world.runToEnd()
    const { id } = await latest(world)
    expect(await world.run(id)).toMatchObject({ status: 'finished' })
    const transcript = await text(world, id)
    expect(transcript).toMatch(/made of \[bleep\]/)
    expect(transcript).toMatch(/\{that was a mistake\}/)
    expect(transcript).not.toMatch(/cheese/)
    const { words } = JSON.parse(talk.words) as { words: { text: string; start: number; end: number }[] }
    const cheese = words.find((word) => word.text.startsWith('cheese'))!
    const [sound] = await decodeFile(await deliverable(world, 'episode.mp3', id), sampleRate, 1)
    const inside = sound!.subarray(
      Math.round((cheese.start + 0.01) * sampleRate),
      Math.round((cheese.end - 0.01) * sampleRate),
    )
    const before = sound!.subarray(
      Math.round((cheese.start - 0.3) * sampleRate),
      Math.round((cheese.start - 0.02) * sampleRate),
    )
    expect(shareAt(inside, 1000)).toBeGreaterThan(0.95)
    expect(shareAt(before, 1000)).toBeLessThan(0.3)
  })
})

/** The share of the energy that a tone of that frequency has. */
function shareAt(samples: Float32Array, hz: number): number {
  let [real, imaginary, energy] = [0, 0, 0]
  const turn = (2 * Math.PI * hz) / sampleRate
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!
    real += sample * Math.cos(turn * i)
    imaginary += sample * Math.sin(turn * i)
    energy += sample * sample
  }
  return (2 * (real * real + imaginary * imaginary)) / (samples.length * energy)
}

describe('A decision about the end of a longer episode', () => {
  test('renders nothing again that stands before it', async () => {
    await world.upload(place('template.json'), JSON.stringify({ output }))
    await world.arrive(await world.upload(place('talk.wav'), wav(speechLike(sampleRate, 75, 5), sampleRate)))
    await world.runToEnd()
    const first = (await latest(world)).id
    expect((await world.steps(first)).filter(({ step }) => step === 'render')).toHaveLength(2)
    const second = await decideThat(world, { decision: 'cut', startSeconds: 71, endSeconds: 72 })
    await world.runToEnd()
    const reused = (await world.steps(second))
      .filter((row) => row.reused)
      .map(({ step, part }) => `${step} ${part}`)
    expect(reused).toEqual(
      expect.arrayContaining(['prepare 0', 'transcribe 0', 'clean 0', 'measure 0', 'render 0']),
    )
    expect(reused).not.toContain('render 1')
  })
})

describe('Decisions', () => {
  test('that were cut by hand can be taken back, and those that leave nothing are not kept', async () => {
    await aTalk({ cleaning: { flubber: { enabled: false }, intern: { enabled: false } } })
    await expect(
      decideThat(world, { decision: 'cut', startSeconds: 0, endSeconds: talk.seconds }),
    ).rejects.toMatchObject({ code: 'nothing_left' })
    await decideThat(world, { decision: 'cut', startSeconds: 0.5, endSeconds: 4 })
    await world.runToEnd()
    expect(await text(world, (await latest(world)).id)).not.toMatch(/Welcome/)
    await decideThat(world, { decision: 'reject', edit: `cut-${0.5 * sampleRate}` })
    await world.runToEnd()
    expect(await text(world, (await latest(world)).id)).toMatch(/Welcome/)
  })

  test('that name the speakers name them everywhere, can change the two for each other, and can be taken back', async () => {
    const { words, ...file } = JSON.parse(talk.words) as { words: { text: string }[] }
    const spoken = words.map((word, i) => ({ ...word, speaker: i < 8 ? 'A' : 'constructor' }))
    await world.upload(place('episode.json'), JSON.stringify({ speakers: { A: 'Anna' } }))
    await aTalk(
      { cleaning: { flubber: { enabled: false }, intern: { enabled: false } } },
      JSON.stringify({ ...file, words: spoken }),
    )
    const speakers = async () => {
      const review = await openReview(world.services, (await latest(world)).episodeId)
      const heard = [...new Set(review.transcript!.words.map(({ speaker }) => speaker))]
      expect(review.speakers.map(({ name }) => name)).toEqual(heard)
      const vtt = (await deliverable(world, 'transcript.vtt', (await latest(world)).id)).toString()
      expect([...new Set([...vtt.matchAll(/<v ([^>]+)>/g)].map(([, name]) => name))]).toEqual(heard)
      return review.speakers.map(({ label, name }) => ({ label, name }))
    }
    expect(await speakers()).toEqual([
      { label: 'A', name: 'Anna' },
      { label: 'constructor', name: 'constructor' },
    ])
    await decideThat(world, { decision: 'take', speakers: { A: 'Bea', constructor: 'Anna' } })
    await world.runToEnd()
    expect((await speakers()).map(({ name }) => name)).toEqual(['Bea', 'Anna'])
    await decideThat(world, { decision: 'take', speakers: null })
    await world.runToEnd()
    expect((await speakers()).map(({ name }) => name)).toEqual(['Anna', 'constructor'])
    await expect(decideThat(world, { decision: 'take', speakers: { A: ' ' } })).rejects.toMatchObject({
      code: 'bad_decisions',
    })
  })

  test('that reject leave everything as it was said, and follow their edits when other words have moved them a little', async () => {
    await aTalk()
    const { waiting } = await openReview(world.services, (await latest(world)).episodeId)
    await decideThat(world, ...waiting.map(({ id }) => ({ decision: 'reject', edit: id })))
    await world.runToEnd()
    expect(await text(world, (await latest(world)).id)).toMatch(/cheese.*mistake.*rock.*assistant.*Stop/s)
    const { words, ...file } = JSON.parse(talk.words) as { words: { start: number; end: number }[] }
    const late = words.map((word) => ({ ...word, start: word.start + 0.03, end: word.end + 0.03 }))
    await world.upload(place('words.json'), JSON.stringify({ ...file, words: late }))
    await world.arrive(await world.upload(place('talk.wav'), talk.wav))
    await world.runToEnd()
    const { id } = await latest(world)
    const { status, warnings } = await world.run(id)
    expect([status, warnings.map(({ code }) => code)]).toEqual(['finished', ['words_shifted']])
    expect(await text(world, id)).toMatch(/cheese/)
  })
})

describe('A run that could not begin', () => {
  test('is planned anew when it is tried again: what was missing then is there now, or it fails once more and says why', async () => {
    const template = {
      segments: [{ type: 'intro', source: { kind: 'static', file: 'jingle.wav' } }, { type: 'content' }],
    }
    await world.upload(place('template.json'), JSON.stringify(template))
    await world.arrive(await world.upload(place('talk.wav'), talk.wav))
    const first = await latest(world)
    expect(await world.run(first.id)).toMatchObject({ status: 'failed', stopReason: 'missing_asset' })
    const second = await startAgain(world.services, first.id)
    expect(await world.run(second)).toMatchObject({ status: 'failed', stopReason: 'missing_asset' })
    await world.upload(`u/${user}/show/assets/jingle.wav`, wav(speechLike(sampleRate, 2, 3), sampleRate))
    const third = await startAgain(world.services, second)
    await world.runToEnd()
    expect(await world.run(third)).toMatchObject({ status: 'finished' })
    const timeline = JSON.parse((await deliverable(world, 'timeline.json', third)).toString()) as {
      segments: { type: string }[]
    }
    expect(timeline.segments.map(({ type }) => type)).toEqual(['intro', 'content'])
  })
})
