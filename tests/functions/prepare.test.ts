// Several recordings as one: in sequence and as tracks of one conversation, from uploads that arrive in any
// order.
import { describe, expect, test } from '@jest/globals'
import { toPlanar } from '../../shared/audio/pcm.ts'
import { add, decodeFile, noise, speechLike, tone } from '../support/audio.ts'
import { wav } from '../support/recordings.ts'
import { aWorld, user, type World } from '../support/world.ts'

const sampleRate = 48_000
const place = (file: string) => `u/${user}/show/one/${file}`
/** A tone that is told from the others by its frequency, over a little noise. */
const sound = (hz: number, seconds: number, db = -20): Buffer =>
  wav(add(tone(sampleRate, seconds, hz, db), noise(seconds * sampleRate, -70, hz)), sampleRate)

/** A sound in the middle of silence. */
function silenceWith(sound: Float32Array, seconds: number): Float32Array {
  const samples = new Float32Array(seconds * sampleRate)
  samples.set(sound, samples.length / 2)
  return samples
}

const rmsDb = (samples: Float32Array): number =>
  10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)

const runs = (world: World) =>
  world.database.rows<{ id: string; status: string }>('SELECT id, status FROM runs ORDER BY created_at')

async function assembled(
  episode: object,
  uploads: Readonly<Record<string, Buffer>>,
): Promise<{ world: World; audio: Float32Array }> {
  const world = await aWorld({ until: 'finish' })
  await world.upload(place('episode.json'), JSON.stringify(episode))
  const arrivals = []
  for (const [file, bytes] of Object.entries(uploads)) arrivals.push(await world.upload(place(file), bytes))
  await Promise.all(arrivals.map((arrival) => world.arrive(arrival)))
  await world.runToEnd()
  const [run, ...others] = await runs(world)
  expect([run!.status, others]).toEqual(['finished', []])
  const [files] = await world.storage.bucket(world.services.config.buckets.episodes).getFiles()
  const [audio] = await decodeFile(
    (await files.find(({ name }) => name.endsWith('episode.mp3'))!.download())[0],
    sampleRate,
    1,
  )
  return { world, audio: audio! }
}

/** The level of one frequency between two times, in dB below the loudest of the given ones. */
function level(audio: Float32Array, hz: number, fromSeconds: number, toSeconds: number): number {
  let [real, imaginary] = [0, 0]
  const [from, to, turn] = [
    Math.round(fromSeconds * sampleRate),
    Math.round(toSeconds * sampleRate),
    (2 * Math.PI * hz) / sampleRate,
  ]
  const { cos, sin } = Math
  for (let i = from; i < to; i++) {
    real += audio[i]! * cos(turn * i)
    imaginary += audio[i]! * sin(turn * i)
  }
  return 10 * Math.log10((real * real + imaginary * imaginary) / (to - from) ** 2)
}

describe('Several recordings', () => {
  test('in sequence follow one another in the order that was said, whichever arrived last', async () => {
    const episode = { recordings: [{ file: 'first.wav' }, { file: 'second.wav', offsetSeconds: 0.5 }] }
    const { audio } = await assembled(episode, { 'second.wav': sound(900, 4), 'first.wav': sound(500, 3) })
    expect(audio.length / sampleRate).toBeCloseTo(7.5, 1)
    expect(level(audio, 500, 0.5, 2.5) - level(audio, 900, 0.5, 2.5)).toBeGreaterThan(40)
    expect(level(audio, 900, 4, 7) - level(audio, 500, 4, 7)).toBeGreaterThan(40)
  })

  test('as tracks sound together, each at its gain and from its offset', async () => {
    const episode = {
      recordingsAre: 'tracks',
      recordings: [
        { file: 'ada.wav' },
        { file: 'ben.wav', gainDb: 6, offsetSeconds: 2 },
        { file: 'cat.wav', offsetSeconds: -1 },
      ],
    }
    const files = {
      'ada.wav': sound(500, 6, -20),
      'ben.wav': sound(900, 3, -26),
      'cat.wav': sound(1300, 4, -20),
    }
    const { audio } = await assembled(episode, files)
    expect(audio.length / sampleRate).toBeCloseTo(6, 1)
    expect(level(audio, 500, 2.5, 4.5) - level(audio, 900, 2.5, 4.5)).toBeCloseTo(0, 0)
    expect(level(audio, 500, 0.5, 1.5) - level(audio, 900, 0.5, 1.5)).toBeGreaterThan(40)
    expect(level(audio, 500, 0.5, 2.5) - level(audio, 1300, 0.5, 2.5)).toBeCloseTo(0, 0)
    expect(level(audio, 500, 3.5, 5.5) - level(audio, 1300, 3.5, 5.5)).toBeGreaterThan(40)
  })

  test('as tracks of which each hears the others are told apart before they are mixed, if the template asks', async () => {
    const seconds = 16
    const turn = (own: number) => (_: number, i: number) => Math.floor(i / sampleRate / 2) % 2 === own
    const voice = (own: number) => {
      const speaks = turn(own)
      return speechLike(sampleRate, seconds, 3 + own).map((sample, i) => (speaks(sample, i) ? sample : 0))
    }
    const [ada, ben] = [voice(0), voice(1)]
    const heard = (own: Float32Array, other: Float32Array, seed: number) => {
      const bleed = other.map((_, i) => 0.12 * (other[i - 300] ?? 0))
      return wav(add(own, bleed, noise(own.length, -75, seed)), sampleRate)
    }
    const files = { 'ada.wav': heard(ada, ben, 1), 'ben.wav': heard(ben, ada, 2) }
    const recordings = Object.keys(files).map((file) => ({ file }))
    const world = await aWorld({ until: 'prepare' })
    await world.upload(place('template.json'), JSON.stringify({ restore: 'studio' }))
    await world.upload(place('episode.json'), JSON.stringify({ recordingsAre: 'tracks', recordings }))
    for (const [file, bytes] of Object.entries(files))
      await world.arrive(await world.upload(place(file), bytes))
    await world.runToEnd()
    const [run] = await runs(world)
    const [prepared] = (await world.steps(run!.id)).filter(({ step }) => step === 'prepare')
    const work = world.storage.bucket(world.services.config.buckets.work)
    const [pcm] = await work.file(String(prepared!.output!['pcmObject'])).download()
    const [mixed] = toPlanar(pcm, { sampleRate, channels: 1, sampleFormat: 'f32le' })
    const direct = add(ada, ben)
    // what is left over where one speaks is the other's microphone
    const left = (samples: Float32Array) => samples.map((sample, i) => sample - direct[i]!)
    const open = add(ada, ben, ...[ada, ben].map((own) => own.map((_, i) => 0.12 * (own[i - 300] ?? 0))))
    expect(rmsDb(left(mixed!)) - rmsDb(left(open))).toBeLessThan(-6)
  })

  test('that are uploaded again are known again: nothing of them is made anew', async () => {
    const world = await aWorld({ until: 'prepare' })
    await world.upload(
      place('episode.json'),
      JSON.stringify({ recordings: [{ file: 'a.wav' }, { file: 'b.wav' }] }),
    )
    for (const time of [1, 2]) {
      await world.upload(place('a.wav'), sound(500, 3))
      await world.arrive(await world.upload(place('b.wav'), sound(900, 3)))
      await world.runToEnd()
      const reused = await world.database.rows<{ reused: boolean }>(
        'SELECT reused FROM steps ORDER BY finished_at',
      )
      expect(reused.map((step) => step.reused)).toEqual([false, true].slice(0, time))
    }
  })

  test('wait for the last of them: nothing starts before, and nothing starts twice', async () => {
    const world = await aWorld({ until: 'finish' })
    await world.upload(
      place('episode.json'),
      JSON.stringify({ recordings: [{ file: 'one.wav' }, { file: 'two.wav' }] }),
    )
    await world.arrive(await world.upload(place('one.wav'), sound(500, 3)))
    expect(await runs(world)).toEqual([])
    const last = await world.upload(place('two.wav'), sound(900, 3))
    await world.arrive(last)
    await world.arrive(last)
    expect(await runs(world)).toHaveLength(1)
  })

  test('of which one cannot be read fail with its name', async () => {
    const world = await aWorld({ until: 'finish' })
    await world.upload(
      place('episode.json'),
      JSON.stringify({ recordings: [{ file: 'one.wav' }, { file: 'two.wav' }] }),
    )
    await world.upload(place('one.wav'), sound(500, 3))
    await world.arrive(await world.upload(place('two.wav'), 'not a sound at all'))
    await world.runToEnd()
    const [run] = await runs(world)
    expect(await world.run(run!.id)).toMatchObject({
      status: 'failed',
      stopReason: 'not_audio',
      errorMessage: expect.stringContaining('two.wav') as unknown,
    })
  })
})

describe('A recording with nothing to measure', () => {
  test.each([
    ['0.2 s of a tone', tone(sampleRate, 0.2, 440, -20), 'too_short_to_measure'],
    ['three seconds below what is heard', tone(sampleRate, 3, 440, -78), 'silent_recording'],
    ['twenty seconds of silence with one sound', silenceWith(tone(sampleRate, 0.3, 440, -20), 20), null],
  ])('(%s) gets no invented gain', async (_, samples, code) => {
    const world = await aWorld({ until: 'finish' })
    await world.upload(place('template.json'), JSON.stringify({ cleaning: { pauses: { enabled: false } } }))
    await world.arrive(await world.upload(place('talk.wav'), wav(samples, sampleRate)))
    await world.runToEnd()
    const { id } = (await runs(world))[0]!
    const level = (await world.steps(id)).find(({ step }) => step === 'level')!
    expect(Math.abs(Number(level.output!['gainDb']))).toBeLessThan(code === null ? 20 : 1e-9)
    const { status, warnings } = await world.run(id)
    expect(status).toBe('finished')
    const known = ['too_short_to_measure', 'silent_recording', 'very_quiet']
    expect(warnings.map((warning) => warning.code).filter((found) => known.includes(found))).toEqual(
      code === null ? [] : [code],
    )
  })
})

describe('A float recording with samples that no sound can have', () => {
  test.each([
    ['not a number', NaN],
    ['infinite', Infinity],
    ['far over full scale', 17_782],
  ])('(%s) is as loud as without them, and says how many there were', async (_, value) => {
    const world = await aWorld({ until: 'finish' })
    const square = Float32Array.from({ length: 3 * sampleRate }, (__, i) => (i % 160 < 80 ? 0.1 : -0.1))
    square[100_000] = value
    await world.arrive(await world.upload(place('talk.wav'), wav(square, sampleRate, 'f32le')))
    await world.runToEnd()
    const { id } = (await runs(world))[0]!
    const finish = (await world.steps(id)).find(({ step }) => step === 'finish')!
    expect(finish.output!['integratedLufs']).toBeCloseTo(-16, 0)
    expect(finish.output!['durationSeconds']).toBeCloseTo(3, 2)
    expect((await world.run(id)).warnings).toContainEqual({
      code: 'impossible_samples',
      message: expect.stringContaining('talk.wav has 1 sample that no sound can have') as unknown,
    })
  })
})
