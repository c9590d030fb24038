// A whole show through the real pipeline: what was laid out is found again in the decoded MP3, by correlation
// and by measurement.
import { beforeAll, describe, expect, test } from '@jest/globals'
import id3 from 'node-id3'
import sharp from 'sharp'
import type { Timeline } from '../../shared/timeline/timeline.ts'
import { decodeFile, noise, add, tone } from '../support/audio.ts'
import { likeliest } from '../support/likeness.ts'
import { said, wav, type SaidRecording } from '../support/recordings.ts'
import { aWorld, user, type World } from '../support/world.ts'

const sampleRate = 48_000
const bedHz = 5000
const place = (file: string) => `u/${user}/show/one/${file}`
const asset = (file: string) => `u/${user}/show/assets/${file}`
let talk: SaidRecording
/** Encoded in half the time of two channels. */
const output = { channels: 'mono' }
/** A jingle that is like nothing else. */
const jingle = add(tone(sampleRate, 3, 700, -20), noise(3 * sampleRate, -35, 7))
const bed = wav(tone(sampleRate, 4, bedHz, -10), sampleRate)

beforeAll(async () => {
  talk = await said(
    'Nothing is as quiet as the night before a show.',
    3.2,
    'And nothing is as loud as the morning after it.',
    1.5,
  )
})

const template = {
  segments: [
    { type: 'intro', title: 'Jingle', source: { kind: 'static', file: 'jingle.wav' } },
    {
      type: 'transition',
      title: 'Welcome',
      source: {
        kind: 'spoken',
        script: 'Welcome to {podcast_name}, episode {episode_number}.',
        voice: { voice: 'rms', name: 'Host' },
      },
    },
    { type: 'content' },
    {
      type: 'commercial',
      chapter: false,
      source: { kind: 'spoken', script: 'This was brought to you by nobody.' },
    },
    { type: 'outro', offsetSeconds: -1, source: { kind: 'static', file: 'jingle.wav' } },
  ],
  music: [
    {
      file: 'bed.wav',
      under: ['transition', 'content'],
      fadeInSeconds: 0.5,
      fadeOutSeconds: 0.5,
      levelDb: -12,
      loopCrossfadeSeconds: 0.5,
    },
  ],
  cleaning: { fillers: { enabled: false }, pauses: { enabled: false } },
}

async function aShow(
  given: object = template,
  files: Readonly<Record<string, Buffer | string>> = {
    'jingle.wav': wav(jingle, sampleRate),
    'bed.wav': bed,
  },
): Promise<World> {
  const world = await aWorld({ until: 'finish' })
  for (const [file, bytes] of Object.entries(files)) await world.upload(asset(file), bytes)
  await world.upload(place('words.json'), talk.words)
  await world.upload(place('podcast.json'), JSON.stringify({ title: 'Night Talk' }))
  await world.upload(place('episode.json'), JSON.stringify({ title: 'Before and after', number: 12 }))
  await world.upload(place('template.json'), JSON.stringify(given))
  await world.arrive(await world.upload(place('talk.wav'), talk.wav))
  await world.runToEnd()
  return world
}

const runOf = async (world: World) => {
  const [row] = await world.database.rows<{ id: string }>(
    'SELECT id FROM runs ORDER BY created_at DESC LIMIT 1',
  )
  return await world.run(row!.id)
}

async function deliverable(world: World, file: string): Promise<Buffer> {
  const [files] = await world.storage.bucket(world.services.config.buckets.episodes).getFiles()
  return (await files.find(({ name }) => name.endsWith(`/${file}`))!.download())[0]
}

/** Where in `heard` the samples are, searched for within 50 ms of where they should be; in samples off. */
const offBy = (heard: Float32Array, samples: Float32Array, expectedAt: number): number =>
  likeliest(heard, samples, expectedAt, sampleRate / 20).late

/** The level of the bed's tone in a stretch, as the RMS of its sine in dB. */
function bedLevel(heard: Float32Array, from: number, to: number): number {
  let [real, imaginary] = [0, 0]
  const { cos, sin } = Math
  const turn = (2 * Math.PI * bedHz) / sampleRate
  for (let i = from; i < to; i++) {
    real += heard[i]! * cos(turn * i)
    imaginary += heard[i]! * sin(turn * i)
  }
  return 10 * Math.log10((2 * (real * real + imaginary * imaginary)) / (to - from) ** 2)
}

function rms(heard: Float32Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += heard[i]! * heard[i]!
  return 10 * Math.log10(sum / (to - from))
}

describe('A show with intro, spoken welcome, content, commercial, outro and music', () => {
  let world: World
  let timeline: Timeline
  let heard: Float32Array
  let welcome: Float32Array
  const segment = (type: string) => timeline.segments.find((one) => one.type === type)!

  beforeAll(async () => {
    world = await aShow()
    expect(await runOf(world)).toMatchObject({ status: 'finished', warnings: [] })
    timeline = JSON.parse((await deliverable(world, 'timeline.json')).toString()) as Timeline
    welcome = await welcomeOf(world)
    heard = (await decodeFile(await deliverable(world, 'episode.mp3'), sampleRate, 1))[0]!
  })

  test('is as long as its timeline says, to the sample', () => {
    expect(heard.length).toBe(timeline.totalSamples)
  })

  test('has the intro, the spoken welcome and the content where chapters and timeline say, to the sample', async () => {
    const chapters = (
      JSON.parse((await deliverable(world, 'chapters.json')).toString()) as {
        chapters: { startTime: number; title: string }[]
      }
    ).chapters
    expect(chapters.map(({ title }) => title)).toEqual(['Jingle', 'Welcome', 'Before and after', 'Outro'])
    expect(chapters.map(({ startTime }) => Math.round(startTime * 1000))).toEqual(
      ['intro', 'transition', 'content', 'outro'].map((type) =>
        Math.round((segment(type).startSample / sampleRate) * 1000),
      ),
    )
    const excerpt = sampleRate / 2
    expect(offBy(heard, jingle.subarray(0, excerpt), 0)).toBe(0)
    expect(offBy(heard, welcome.subarray(0, excerpt), segment('transition').startSample)).toBe(0)
    const recorded = recordedSamples()
    const speechAt = Math.round(1.5 * sampleRate)
    expect(
      offBy(
        heard,
        recorded.subarray(speechAt, speechAt + excerpt),
        segment('content').startSample + speechAt,
      ),
    ).toBe(0)
  })

  test('overlaps its commercial with its outro by the second that the offset says', () => {
    expect(segment('commercial').endSample - segment('outro').startSample).toBe(sampleRate)
  })

  test('has the bed at least 10 dB below the speech while somebody speaks, and back within a second after', () => {
    const start = segment('content').startSample
    const { words } = JSON.parse(talk.words) as { words: { start: number; end: number }[] }
    const gap = words.findIndex(({ start: at }, i) => i > 0 && at - words[i - 1]!.end > 3)
    const spans = [words.slice(0, gap), words.slice(gap)].map(
      (part) => [part[0]!.start, part.at(-1)!.end] as const,
    )
    const at = (seconds: number) => start + Math.round(seconds * sampleRate)
    for (const [from, to] of spans) {
      const speech = rms(heard, at(from), at(to))
      for (let seconds = from; seconds + 0.2 < to; seconds += 0.2)
        expect(speech - bedLevel(heard, at(seconds), at(seconds + 0.2))).toBeGreaterThan(10)
    }
    const open = bedLevel(heard, at(spans[0]![1] + 1), at(spans[0]![1] + 1.5))
    const ducked = bedLevel(heard, at(spans[0]![0] + 0.5), at(spans[0]![1] - 0.5))
    expect(open - ducked).toBeGreaterThan(9) // and up to 3 more where two turns of the loop add up
  })

  test('goes on with a bed that is shorter than its span, without a hole', () => {
    const [from, to] = [
      segment('transition').startSample + sampleRate,
      segment('content').endSample - sampleRate,
    ]
    expect(to - from).toBeGreaterThan(8 * sampleRate)
    const levels = Array.from({ length: Math.floor((to - from) / 4800) }, (_, i) =>
      bedLevel(heard, from + i * 4800, from + (i + 1) * 4800),
    )
    expect(Math.max(...levels) - Math.min(...levels)).toBeLessThan(15) // 10 dB of ducking, and what two tones make of each other in a crossfade
  })

  test('has what was inserted in its transcript, under the name of who spoke it', async () => {
    const text = (await deliverable(world, 'transcript.txt')).toString()
    expect(text).toMatch(/^Host: Welcome to Night Talk, episode 12\.\n\nAda: Nothing is as quiet/)
    expect(text).toMatch(/Assistant: This was brought to you by nobody\.\n$/)
  })

  const recordedSamples = () => {
    const pcm = talk.wav.subarray(44)
    return Float32Array.from({ length: pcm.length / 2 }, (_, i) => pcm.readInt16LE(2 * i) / 32768)
  }
})

/** The first voice's own samples. */
async function welcomeOf(world: World): Promise<Float32Array> {
  const { id } = await runOf(world)
  const { output } = (await world.steps(id)).find(({ step, part }) => step === 'voice' && part === 0)!
  const [bytes] = await world.storage
    .bucket(world.services.config.buckets.work)
    .file(String(output!['pcmObject']))
    .download()
  return new Float32Array(new Uint8Array(bytes).buffer)
}

describe('A show that cannot be made as it was asked for', () => {
  const short = (change: object) => ({
    ...template,
    output,
    music: [],
    segments: [{ type: 'content' }],
    ...change,
  })

  test.each([
    [
      'a missing asset',
      short({ segments: [{ type: 'intro', source: { kind: 'static', file: 'gone.wav' } }] }),
      'missing_asset',
      /Segment 1 \(intro\) needs gone\.wav/,
    ],
    [
      'music that is not there',
      short({ music: [{ file: 'gone.wav' }] }),
      'missing_asset',
      /Music rule 1 needs gone\.wav/,
    ],
    [
      'an asset that is no sound',
      short({ segments: [{ type: 'intro', source: { kind: 'static', file: 'broken.wav' } }] }),
      'not_audio',
      /broken\.wav/,
    ],
    [
      'an unknown voice',
      short({
        segments: [{ type: 'intro', source: { kind: 'spoken', script: 'Hi.', voice: { voice: 'elvis' } } }],
      }),
      'bad_template',
      /no voice "elvis"; it has slt/,
    ],
    [
      'a script without its value',
      short({ segments: [{ type: 'intro', source: { kind: 'spoken', script: 'Hi {guest}.' } }] }),
      'missing_variable',
      /Segment 1 \(intro\) says \{guest\}/,
    ],
    [
      'a length it cannot have',
      short({ length: { hardMaxSeconds: 2 } }),
      'over_length',
      /hardMaxSeconds is 0:02/,
    ],
  ])('fails for %s, and says so', async (_what, given, code, message) => {
    const run = await runOf(await aShow(given, { 'broken.wav': 'this is no sound' }))
    expect(run).toMatchObject({
      status: 'failed',
      stopReason: code,
      errorMessage: expect.stringMatching(message) as unknown,
    })
  })

  test('plays mono content from both sides of a stereo show, and a fade longer than its clip is made to fit', async () => {
    const music = [{ ...template.music[0], under: ['intro'], fadeInSeconds: 30, fadeOutSeconds: 10 }]
    const stereo = wav(jingle, sampleRate)
    const world = await aShow(
      { ...template, music, segments: [template.segments[0], { type: 'content' }] },
      { 'jingle.wav': stereo, 'bed.wav': bed },
    )
    expect(await runOf(world)).toMatchObject({ status: 'finished' })
    const [left, right] = await decodeFile(await deliverable(world, 'episode.mp3'), sampleRate, 2)
    const middle = 6 * sampleRate
    expect(
      Math.abs(rms(left!, middle, middle + sampleRate) - rms(right!, middle, middle + sampleRate)),
    ).toBeLessThan(0.1)
    const rising = [0.5, 1.2, 2].map((seconds) =>
      bedLevel(left!, seconds * sampleRate, (seconds + 0.2) * sampleRate),
    )
    expect(rising[1]! - rising[0]!).toBeGreaterThan(3)
    expect(rising[2]! - rising[1]!).toBeGreaterThan(1)
  })
})

describe('A chapter', () => {
  test('carries its picture in the tag, a square that fits a phone, whether its segment or its mark names it', async () => {
    const picture = await sharp({ create: { width: 1600, height: 900, channels: 3, background: '#336699' } })
      .png()
      .toBuffer()
    const world = await aWorld({ until: 'finish' })
    for (const file of ['moon.png', 'tape.png']) await world.upload(asset(file), picture)
    await world.upload(asset('jingle.wav'), wav(jingle, sampleRate))
    const intro = { ...template.segments[0], image: 'moon.png' }
    await world.upload(
      place('template.json'),
      JSON.stringify({ output, segments: [intro, { type: 'content' }] }),
    )
    await world.upload(
      place('chapters.json'),
      JSON.stringify({ version: '1.2.0', chapters: [{ startTime: 1, title: 'On tape', img: 'tape.png' }] }),
    )
    await world.arrive(await world.upload(place('talk.wav'), talk.wav))
    await world.runToEnd()
    const tags = id3.read(await deliverable(world, 'episode.mp3')) as {
      chapter: { tags: { title: string; image?: { imageBuffer: Buffer } } }[]
    }
    const pictures = await Promise.all(
      tags.chapter.map(
        async ({ tags: { title, image } }) =>
          [title, image ? await sharp(image.imageBuffer).metadata() : undefined] as const,
      ),
    )
    expect(pictures.map(([title, seen]) => [title, seen?.format, seen?.width, seen?.height])).toEqual([
      ['Jingle', 'jpeg', 800, 800],
      ['one', undefined, undefined, undefined],
      ['On tape', 'jpeg', 800, 800],
    ])
  })

  test('whose picture is not there fails the run before anything is rendered', async () => {
    const run = await runOf(await aShow({ segments: [{ type: 'content', image: 'gone.png' }] }, {}))
    expect(run).toMatchObject({
      status: 'failed',
      stopReason: 'missing_asset',
      errorMessage: expect.stringContaining('Segment 1 (content) needs gone.png') as unknown,
    })
  })
})

describe('A podcast', () => {
  test('lends its template to episodes that bring none, and an episode in the making keeps the one it started with', async () => {
    const world = await aWorld({ until: 'finish' })
    await world.upload(
      asset('template.json'),
      JSON.stringify({ output, segments: [{ type: 'content', title: 'From the podcast' }] }),
    )
    await world.arrive(await world.upload(place('talk.wav'), talk.wav))
    await world.upload(
      asset('template.json'),
      JSON.stringify({ segments: [{ type: 'content', title: 'Changed since' }] }),
    )
    await world.runToEnd()
    expect((await deliverable(world, 'chapters.json')).toString()).toMatch(/From the podcast/)
  })
})

describe('Listener mail', () => {
  const letter = (id: number, text: string) =>
    `From a Sun Nov 22 10:00:00 2026\nMessage-ID: <${id}@mail.test>\nFrom: Listener ${id} <l${id}@mail.test>\nSubject: Hi\nDate: Sun, 22 Nov 2026 1${id}:00:00 +0000\n\n${text}\n\n`
  const reads = {
    output,
    segments: [
      { type: 'mail', title: 'Your letters', source: { kind: 'mail', count: 2 } },
      { type: 'content' },
    ],
  }

  test('is read out where the template asks for it: the newest letters, each under its sender', async () => {
    const world = await aWorld()
    const mailbox = await world.upload(
      `u/${user}/mail/box.mbox`,
      letter(1, 'The old one.') + letter(2, 'I like the moon.') + letter(3, 'I like the tape.'),
    )
    await world.arrive(mailbox)
    await world.runToEnd()
    await world.upload(place('template.json'), JSON.stringify(reads))
    await world.arrive(await world.upload(place('talk.wav'), talk.wav))
    await world.runToEnd()
    expect(await runOf(world)).toMatchObject({ status: 'finished' })
    expect((await deliverable(world, 'transcript.txt')).toString()).toBe(
      'Assistant: Listener 3 writes: I like the tape. Listener 2 writes: I like the moon.\n',
    )
    expect(
      await world.database.rows(
        'SELECT body, read_in IS NOT NULL AS "isRead" FROM letters ORDER BY position',
      ),
    ).toEqual([
      { body: 'The old one.', isRead: false },
      { body: 'I like the moon.', isRead: true },
      { body: 'I like the tape.', isRead: true },
    ])
  })

  test('that is not there is left out with a word', async () => {
    const world = await aWorld({ until: 'finish' })
    await world.upload(place('template.json'), JSON.stringify(reads))
    await world.arrive(await world.upload(place('talk.wav'), talk.wav))
    await world.runToEnd()
    const { status, warnings } = await runOf(world)
    expect([status, warnings.map(({ code }) => code)]).toEqual([
      'finished',
      expect.arrayContaining(['letters_left_out']),
    ])
  })

  test('that is not there and must be fails the run before anything is rendered', async () => {
    const world = await aWorld({ until: 'finish' })
    const [segment, ...others] = reads.segments
    const strict = { ...segment, source: { ...(segment as { source: object }).source, whenEmpty: 'fail' } }
    await world.upload(place('template.json'), JSON.stringify({ ...reads, segments: [strict, ...others] }))
    await world.arrive(await world.upload(place('talk.wav'), talk.wav))
    expect(await runOf(world)).toMatchObject({
      status: 'failed',
      stopReason: 'no_letters',
      errorMessage: expect.stringMatching(/Segment 1 \(mail\)/) as unknown,
    })
    expect(await world.pending()).toEqual([])
  })
})
