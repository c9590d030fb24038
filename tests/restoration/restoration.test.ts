// What a recording becomes: what is wrong with it goes, what is not wrong stays to the bit, however it is divided.
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { analysed } from '../../shared/restoration/analysis.ts'
import { restorer, type Restorer } from '../../shared/restoration/apply.ts'
import { decide, type Plan } from '../../shared/restoration/decide.ts'
import { defaultWishes, noWishes, type Wishes } from '../../shared/restoration/wishes.ts'
import { breath, dbToGain, hiss, levelDb, mixed, noiseOf, rate, words, type Word } from './made-sounds.ts'

type Planes = readonly Float32Array[]

const piecesOf = (planes: Planes, length: number): Planes[] =>
  Array.from({ length: Math.ceil(planes[0]!.length / length) }, (_, i) =>
    planes.map((plane) => plane.subarray(i * length, (i + 1) * length)),
  )

async function planOf(tracks: readonly Planes[], wishes: Wishes, piece = 1600): Promise<Plan[]> {
  const subject = { sampleRate: rate, wishes, isOneOfSeveral: tracks.length > 1 }
  const tables = tracks.map((planes) => {
    async function* sound(): AsyncGenerator<Planes> {
      await alone()
      yield* piecesOf(planes, piece)
    }
    return analysed(sound, { ...subject, channels: planes.length })
  })
  return await decide(await Promise.all(tables), wishes, alone)
}

/** Nobody else is there. */
const alone = () => Promise.resolve()

const applied = (plan: Plan, planes: Planes, piece = 1600): Promise<Float32Array[]> =>
  allOf(restorer(plan, alone), planes, planes[0]!.length, piece)

/** What comes out, which is so long. */
async function allOf(
  restoring: Restorer,
  planes: Planes,
  length: number,
  piece: number,
): Promise<Float32Array[]> {
  const done: Planes[] = []
  for (const some of piecesOf(planes, piece)) for await (const block of restoring.add(some)) done.push(block)
  for await (const block of restoring.end()) done.push(block)
  return planes.map((_, channel) => {
    const out = new Float32Array(length)
    let at = 0
    for (const block of done) {
      out.set(block[channel]!, at)
      at += block[channel]!.length
    }
    expect(at).toBe(length)
    return out
  })
}

/** Bits, since what compares them one by one is slow. */
const bits = (samples: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength))
    .digest('hex')
const allBits = (planes: Planes): string[] => planes.map(bits)

const restored = async (samples: Float32Array, wishes: Wishes) => {
  const [plan] = (await planOf([[samples]], wishes)) as [Plan]
  return { plan, samples: (await applied(plan, [samples]))[0]! }
}

const hum = (seconds: number, mainsHz: number, db: number): Float32Array =>
  Float32Array.from({ length: seconds * rate }, (_, i) => {
    const t = i / rate
    const turn = 2 * Math.PI * mainsHz * t + 0.3 * Math.sin(t / 3) // no mains is exact
    return (
      dbToGain(db) *
      (Math.sin(turn) + 0.7 * Math.sin(2 * turn + 1) + 0.5 * Math.sin(3 * turn) + 0.3 * Math.sin(5 * turn))
    )
  })

const spoken = words(16)
/** The middle of a pause after a word, well away from both. */
const pausesAfter = (some: readonly Word[]) =>
  some.slice(1, -1).map(({ end }) => [end + 0.25 * rate, end + 0.45 * rate] as const)
const pauses = pausesAfter(spoken.words)
const pauseDb = (samples: Float32Array, within = pauses): number =>
  within.reduce((sum, [from, to]) => sum + levelDb(samples, from, to), 0) / within.length

describe('A recording without faults', () => {
  const clean = mixed(spoken.samples, hiss(16, -85))

  test('comes out as it went in, to the bit', async () => {
    const { plan, samples } = await restored(clean, defaultWishes)
    expect(plan.summary.untouched).toBe(true)
    expect(bits(samples)).toBe(bits(clean))
  })

  test('of nothing but silence too', async () => {
    const silence = new Float32Array(3 * rate)
    const { plan, samples } = await restored(silence, defaultWishes)
    expect(plan.summary).toMatchObject({ untouched: true, snrDb: null })
    expect(bits(samples)).toBe(bits(silence))
  })

  test('of a hundredth of a second too', async () => {
    const short = hiss(0.01, -20)
    expect((await restored(short, { ...defaultWishes, noise: 15 })).samples).toHaveLength(short.length)
  })
})

describe('Noise', () => {
  const noisy = mixed(spoken.samples, hiss(16, -50))
  let [plan, samples]: [Plan | undefined, Float32Array] = [undefined, noisy]
  beforeAll(async () => {
    ;({ plan, samples } = await restored(noisy, { ...noWishes, noise: 12 }))
  })

  test('goes down in pauses by the limit', () => {
    expect(plan!.summary.untouched).toBe(false)
    expect(pauseDb(samples) - pauseDb(noisy)).toBeCloseTo(-12, 0)
  })

  test('is taken from no word, from its first moment on', () => {
    for (const { start, end } of spoken.words) {
      expect(levelDb(samples, start, end)).toBeCloseTo(levelDb(spoken.samples, start, end), 0)
      const onset = [start, start + 0.06 * rate] as const
      expect(levelDb(samples, ...onset)).toBeGreaterThan(levelDb(spoken.samples, ...onset) - 2.5)
    }
  })

  test('is taken from no voice of few harmonics, as somebody who hums has', async () => {
    const hummed = words(16, () => 0, 3)
    const { samples: left } = await restored(mixed(hummed.samples, hiss(16, -34)), { ...noWishes, noise: 15 })
    for (const { start, end } of hummed.words)
      expect(levelDb(left, start, end)).toBeCloseTo(levelDb(hummed.samples, start, end), 0)
  })

  test('goes down by as much as is needed when nobody says how far', async () => {
    const inHiss = (db: number) =>
      planOf([[mixed(spoken.samples, hiss(16, db))]], { ...noWishes, noise: 'auto' })
    const [[quiet], [loud]] = [await inHiss(-72), await inHiss(-45)]
    expect(loud!.noiseLimitDb).toBe(15)
    expect(quiet!.noiseLimitDb ?? 0).toBeLessThan(15)
  })
})

describe('Hum', () => {
  test.each([50, 60])('of %d Hz is found and taken away, and the voice stays', async (mainsHz) => {
    const humming = mixed(spoken.samples, hiss(16, -70), hum(16, mainsHz, -40))
    const { plan, samples } = await restored(humming, { ...noWishes, hum: 'auto' })
    expect(plan.summary.hum.map((run) => run.mainsHz)).toEqual([mainsHz])
    expect(pauseDb(samples) - pauseDb(humming)).toBeLessThan(-25)
    const rest = mixed(
      samples,
      spoken.samples.map((sample) => -sample),
    )
    expect(levelDb(rest)).toBeLessThan(levelDb(spoken.samples) - 30)
  })

  /** Lines of the mains, by Hz, in dBFS. */
  const lines = (seconds: number, levels: Readonly<Record<number, number>>): Float32Array =>
    Float32Array.from({ length: seconds * rate }, (_, i) =>
      Object.entries(levels).reduce(
        (sum, [hz, db]) => sum + dbToGain(db) * Math.SQRT2 * Math.sin((2 * Math.PI * Number(hz) * i) / rate),
        0,
      ),
    )
  const foundIn = async (samples: Float32Array) =>
    (await restored(samples, { ...noWishes, hum: 'auto' })).plan.summary.hum

  test.each([
    ['of two lines', { 50: -42, 150: -47 }],
    ['of two lines of sixty', { 60: -42, 180: -47 }],
    ['of rectified mains', { 100: -42, 200: -47 }],
    ['of one line that is lower than a voice', { 50: -42 }],
  ])('%s is found and taken away, with noise and without', async (_, levels) => {
    const what = lines(16, levels)
    for (const noise of [hiss(16, -70), new Float32Array(16 * rate)]) {
      const { samples } = await restored(mixed(spoken.samples, what, noise), { ...noWishes, hum: 'auto' })
      const left = samples.map((sample, i) => sample - spoken.samples[i]! - noise[i]!)
      expect(levelDb(left)).toBeLessThan(levelDb(what) - 30)
    }
  })

  test('is found in a track that is silent while others speak, taken away where it is, and put nowhere else', async () => {
    const isOpen = (i: number) => i % (10 * rate) < 6 * rate
    const gated = (samples: Float32Array) => samples.map((sample, i) => (isOpen(i) ? sample : 0))
    const talk = gated(mixed(words(40).samples, hiss(40, -75)))
    const humming = gated(lines(40, { 50: -42, 150: -47 }))
    const { plan, samples } = await restored(mixed(talk, humming), { ...noWishes, hum: 'auto' })
    expect(plan.summary.hum).toMatchObject([{ mainsHz: 50, levelDb: expect.closeTo(-41, 0) }])
    const left = samples.map((sample, i) => sample - talk[i]!)
    expect(levelDb(left, 10.5 * rate, 15.5 * rate)).toBeLessThan(-70)
    expect(left.slice(16.5 * rate, 19.5 * rate).every((sample) => sample === 0)).toBe(true)
  })

  test.each([
    ['bass notes at its lines', [50, 100, 150, 100]],
    ['a low G that is held', [49, 49, 49, 49]],
  ])('is not found in %s', async (_, notesHz) => {
    const notes = Float32Array.from({ length: 40 * rate }, (_, i) => {
      const [note, into] = [Math.floor(i / (2 * rate)), (i % (2 * rate)) / rate]
      const hz = notesHz[note % notesHz.length]!
      const fade = Math.min(1, into / 0.02, (2 - into) / 0.02) * Math.exp(-into)
      return 0.1 * fade * (Math.sin(2 * Math.PI * hz * into) + 0.5 * Math.sin(4 * Math.PI * hz * into))
    })
    expect(await foundIn(mixed(notes, hiss(40, -66)))).toEqual([])
  })

  test('is not found in a voice as deep as its lines', async () => {
    const deep = new Float32Array(40 * rate)
    const { samples } = words(40)
    // five sixths of its speed: 100 Hz and what is near
    for (let i = 0; i < deep.length; i++) deep[i] = samples[Math.floor((i * 5) / 6)]!
    expect(await foundIn(mixed(deep, hiss(40, -70)))).toEqual([])
  })

  test('is known where somebody speaks for six seconds without a pause, though the mains run faster and slower', async () => {
    const talk = new Float32Array(24 * rate)
    const { samples: said } = words(24)
    for (const place of [0, 0.3, 0.6]) said.forEach((sample, i) => (talk[i + place * rate]! += sample))
    talk.fill(0, 0, 9 * rate)
    talk.fill(0, 15 * rate)
    const wandering = Float32Array.from(talk, (_, i) => {
      const turn = 2 * Math.PI * 50 * (i / rate) + 8 * Math.sin(i / rate / 7)
      return dbToGain(-36) * [1, 2, 3, 5, 8].reduce((sum, k) => sum + Math.sin(k * turn + k), 0)
    })
    const { samples } = await restored(mixed(talk, wandering, hiss(24, -70)), { ...noWishes, hum: 'auto' })
    const left = samples.map((sample, i) => sample - talk[i]!)
    expect(levelDb(left, 9 * rate, 15 * rate)).toBeLessThan(levelDb(wandering) - 20)
  })

  test('is not found in a voice', async () => {
    const [plan] = await planOf([[mixed(spoken.samples, hiss(16, -60))]], defaultWishes)
    expect(plan!.summary.hum).toEqual([])
  })

  test('of one channel is not taken from the other', async () => {
    const [left, right] = [mixed(spoken.samples, hum(16, 50, -40)), spoken.samples]
    const [plan] = (await planOf([[left, right]], { ...noWishes, hum: 'auto' })) as [Plan]
    expect(bits((await applied(plan, [left, right]))[1]!)).toBe(bits(right))
  })
})

describe('Rumble', () => {
  const next = noiseOf(5)
  let [slow, slower] = [0, 0]
  // wind: two low-pass filters at 15 Hz
  const wind = Float32Array.from({ length: 16 * rate }, () => {
    slow += 0.006 * (next() - slow)
    return 8 * (slower += 0.006 * (slow - slower))
  })

  test('goes up to where the voice begins, which stays', async () => {
    const windy = mixed(spoken.samples, hiss(16, -75), wind)
    const { plan, samples } = await restored(windy, { ...noWishes, rumble: 'auto' })
    expect(plan.rumbleCutHz).toBeGreaterThanOrEqual(60)
    expect(plan.rumbleCutHz).toBeLessThan(100)
    expect(pauseDb(samples) - pauseDb(windy)).toBeLessThan(-15)
    for (const { start, end } of spoken.words.slice(1, -1))
      expect(levelDb(samples, start, end)).toBeCloseTo(levelDb(spoken.samples, start, end), 0)
  })

  test('is cut off no higher for a deep voice, and nothing is where none is', async () => {
    const deep = spoken.samples.map((_, i) => spoken.samples[Math.floor(0.6 * i)]!)
    const [plan] = await planOf([[mixed(deep, hiss(16, -75), wind)]], { ...noWishes, rumble: 'auto' })
    expect(plan!.rumbleCutHz).toBeLessThan(63)
    const [calm] = await planOf([[mixed(spoken.samples, hiss(16, -60))]], { ...noWishes, rumble: 'auto' })
    expect(calm!.rumbleCutHz).toBeUndefined()
  })
})

describe('Levels', () => {
  const uneven = words(24, (word) => (word % 6 < 3 ? 0 : -12))
  const sound = mixed(uneven.samples, hiss(24, -80))
  let samples = sound
  beforeAll(async () => {
    ;({ samples } = await restored(sound, { ...noWishes, level: 1 }))
  })

  test('of soft and loud words come together', () => {
    const levels = uneven.words.map(({ start, end }) => levelDb(samples, start, end))
    expect(Math.max(...levels) - Math.min(...levels)).toBeLessThan(1.5)
  })

  test.each([
    [0.9, 0, 1.7],
    [0.5, 4.5, 7.5],
  ])('at a strength of %d keep between %d and %d dB of 12', async (level, least, most) => {
    const { samples: less } = await restored(sound, { ...noWishes, level })
    const levels = uneven.words.map(({ start, end }) => levelDb(less, start, end))
    const range = Math.max(...levels) - Math.min(...levels)
    expect(range).toBeGreaterThan(least)
    expect(range).toBeLessThan(most)
  })

  test('of pauses are never raised', () => {
    const within = pausesAfter(uneven.words)
    expect(pauseDb(samples, within)).toBeLessThanOrEqual(pauseDb(sound, within) + 0.1)
  })
})

test('What is heard of the other goes down in each of two tracks, and nothing of their own', async () => {
  const [a, b] = [
    words(16, (word) => (word % 4 < 2 ? 0 : -200)),
    words(16, (word) => (word % 4 < 2 ? -200 : 0)),
  ]
  const bleeding = (own: Float32Array, other: Float32Array, seed: number) =>
    mixed(
      own,
      other.map((sample) => 0.12 * sample),
      hiss(16, -75, seed),
    )
  const tracks = [bleeding(a.samples, b.samples, 1), bleeding(b.samples, a.samples, 2)] as const
  const plans = await planOf(
    tracks.map((track) => [track]),
    { ...noWishes, gate: 'auto' },
  )
  const [first] = (await applied(plans[0]!, [tracks[0]])) as [Float32Array]
  a.words.forEach(({ start, end }, word) => {
    const change = levelDb(first, start + 800, end) - levelDb(tracks[0], start + 800, end)
    if (word % 4 < 2) expect(change).toBeCloseTo(0, 1)
    else if (word % 4 === 3) expect(change).toBeLessThan(-12)
  })
})

describe('Of two tracks with every fault', () => {
  const seconds = 24
  const loud = (own: number) => (word: number) => ((word >> 1) % 2 !== own ? -200 : word % 8 < 4 ? 0 : -12)
  const voices = [0, 1].map((own) => words(seconds, loud(own)))
  const [first, second] = voices.map(({ samples }) => samples) as [Float32Array, Float32Array]
  const track = mixed(
    first,
    second.map((sample) => 0.12 * sample),
    hiss(seconds, -52),
    hum(seconds, 50, -38),
  )
  const other = mixed(
    second,
    first.map((sample) => 0.12 * sample),
    hiss(seconds, -52, 2),
  )
  const isOwn = (word: number) => loud(0)(word) > -100
  // beside a pause of one's own
  const places = voices[0]!.words.flatMap(({ end }, word) => (isOwn(word) ? [end + 0.3 * rate] : []))
  for (const place of places)
    for (let i = 0; i < 20; i++) track[place + i]! += 0.2 * (i % 2 === 0 ? 1 : -1) * Math.exp(-i / 6)
  let [plan, samples]: [Plan, Float32Array] = [undefined!, track]
  beforeAll(async () => {
    ;[plan] = (await planOf([[track], [other]], defaultWishes)) as [Plan]
    ;[samples] = (await applied(plan, [track])) as [Float32Array]
  })
  const changes = (of: (word: number) => boolean) =>
    voices[0]!.words
      .map(({ start, end }) => levelDb(samples, start + 800, end) - levelDb(track, start + 800, end))
      .filter((_, word) => of(word))

  test('each is found', () => {
    expect(plan.summary.hum).toMatchObject([{ mainsHz: 50, start: 0, end: seconds }])
    expect(plan.summary).toMatchObject({ clicks: places.length, noiseLimitDb: 15, levels: { changed: true } })
    expect(plan.summary.gatedShare).toBeGreaterThan(0.3)
  })

  test('soft words come up to loud ones, whatever hummed and hissed under them', () => {
    const levels = voices[0]!.words
      .map(({ start, end }) => levelDb(samples, start, end))
      .filter((_, i) => isOwn(i))
    expect(Math.max(...levels) - Math.min(...levels)).toBeLessThan(2.5)
  })

  test('what is heard of the other goes down, and so do pauses; no click is left', () => {
    expect(Math.max(...changes((word) => !isOwn(word) && word > 2))).toBeLessThan(-10)
    for (const place of places) {
      const around = [place - 0.02 * rate, place + 0.02 * rate] as const
      expect(levelDb(samples, ...around)).toBeLessThan(levelDb(track, ...around) - 25)
    }
  })
})

test('A track that never falls silent, as music does not, stays as it is beside others', async () => {
  const steady = Float32Array.from(
    { length: 16 * rate },
    (_, i) => 0.1 * Math.sin((2 * Math.PI * 500 * i) / rate),
  )
  const plans = await planOf([[mixed(steady, hiss(16, -70))], [spoken.samples]], {
    ...noWishes,
    gate: 'auto',
  })
  expect(plans.map(({ summary }) => summary.gatedShare)[0]).toBe(0)
})

describe('Clicks', () => {
  const clicking = mixed(spoken.samples, hiss(16, -65))
  const places = pauses.slice(0, 12).map(([from]) => from)
  for (const place of places)
    for (let i = 0; i < 20; i++) clicking[place + i]! += 0.2 * (i % 2 === 0 ? 1 : -1) * Math.exp(-i / 6)

  test('in pauses are repaired, and nothing else is touched', async () => {
    const { plan, samples } = await restored(clicking, { ...noWishes, clicks: 'pauses' })
    expect(plan.summary.clicks).toBe(places.length)
    for (const place of places) expect(levelDb(samples, place, place + 20)).toBeLessThan(-50)
    spoken.words.forEach(({ start, end }) =>
      expect(bits(samples.subarray(start, end))).toBe(bits(clicking.subarray(start, end))),
    )
  })
})

describe('Breaths', () => {
  /** From one to the other, in samples; each ends so many seconds before a word or a hiss. */
  const breathing = (gapSeconds: number, sounds: Float32Array) => {
    const samples = mixed(sounds, hiss(16, -65))
    const breaths = spoken.words.slice(1).map(({ start }, i) => {
      const air = breath(0.25, i)
      const to = start - Math.round(gapSeconds * rate)
      air.forEach((sample, j) => (samples[to - air.length + j]! += sample))
      return [to - air.length, to] as const
    })
    return { samples, breaths }
  }
  /** A sharp [s], as long as a word's beginning. */
  const hissing = spoken.samples.slice()
  for (const { start } of spoken.words)
    hiss(0.06, -24).forEach((sample, i, { length }) => (hissing[start - length + i]! += sample))

  test.each([
    ['a quarter of a second before a word', 0.25, spoken.samples],
    ['a twentieth of a second before a word', 0.05, spoken.samples],
    ['a twentieth of a second before an [s]', 0.11, hissing],
  ])('go down as a whole %s, which stays', async (_, gap, sounds) => {
    const { samples, breaths } = breathing(gap, sounds)
    const { plan, samples: calm } = await restored(samples, { ...noWishes, breathsDb: 12 })
    expect(plan.summary.breaths).toBe(breaths.length)
    for (const [from, to] of breaths)
      expect(levelDb(calm, from, to)).toBeCloseTo(levelDb(samples, from, to) - 12, 0)
    for (const { start, end } of spoken.words)
      expect(levelDb(calm, start - 0.04 * rate, end)).toBeCloseTo(
        levelDb(samples, start - 0.04 * rate, end),
        1,
      )
  })
})

describe('What was cut off at full scale', () => {
  const peak = spoken.samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  const whole = spoken.samples.map((sample) => (1.4 * sample) / peak)
  const clipped = whole.map((sample) => Math.max(-1, Math.min(1, sample)))
  const errorDb = (samples: Float32Array) => levelDb(samples.map((sample, i) => sample - whole[i]!))

  test('is counted, and stays as it is by itself', async () => {
    const [plan] = await planOf([[clipped]], defaultWishes)
    expect(plan!.summary.clippedShare).toBeGreaterThan(0.001)
    expect(plan!.summary).toMatchObject({ untouched: true, unclipped: 0 })
  })

  test('is put back where that is asked for, over full scale, and nothing else is touched', async () => {
    const { plan, samples } = await restored(clipped, { ...noWishes, clipping: 'auto' })
    expect(plan.summary.unclipped).toBeGreaterThan(50)
    expect(errorDb(samples)).toBeLessThan(errorDb(clipped) - 6)
    expect(samples.every((sample, i) => sample === clipped[i] || Math.abs(clipped[i]!) === 1)).toBe(true)
    expect(samples.every((sample, i) => Math.abs(sample) >= Math.abs(clipped[i]!))).toBe(true)
  })
})

describe('However it is divided,', () => {
  const everything = mixed(
    words(42, (word) => (word % 9 < 4 ? 0 : -9)).samples,
    hiss(42, -52),
    hum(42, 50, -45),
    // rumble
    Float32Array.from({ length: 42 * rate }, (_, i) => 0.02 * Math.sin((2 * Math.PI * 23 * i) / rate)),
  )
  const stereo = [everything, everything.map((sample, i) => 0.5 * sample + 0.001 * Math.sin(i))]
  const wishes: Wishes = { ...defaultWishes, noise: 'auto', level: 1 }
  let [plan, whole]: [Plan, Float32Array[]] = [undefined!, []]
  beforeAll(async () => {
    ;[plan] = (await planOf([stereo], wishes)) as [Plan]
    whole = await applied(plan, stereo)
    expect(plan.rumbleCutHz).toBeGreaterThan(30)
  })

  test('a recording is found to have the same faults', async () => {
    const [other] = (await planOf([stereo], wishes, 12_345)) as [Plan]
    expect(other.summary).toEqual(plan.summary)
    expect(bits(other.gainDb!)).toBe(bits(plan.gainDb!))
    expect(other.hum.map((runs) => runs.map(({ re, im }) => allBits([re, im])))).toEqual(
      plan.hum.map((runs) => runs.map(({ re, im }) => allBits([re, im]))),
    )
  })

  test('it comes out the same, in pieces of any size', async () => {
    expect(allBits(await applied(plan, stereo, 77_777))).toEqual(allBits(whole))
  })

  test('a part that is made alone is the same as in the whole', async () => {
    const restoring = restorer(plan, alone, 20 * rate, 40 * rate)
    const from = 10 * rate
    const around = stereo.map((plane) => plane.subarray(from))
    const part = await allOf(restoring, around, 20 * rate, around[0]!.length)
    expect(allBits(part)).toEqual(allBits(whole.map((plane) => plane.subarray(20 * rate, 40 * rate))))
  })

  test('it ends in the middle of a block where the work is called off', async () => {
    let turns = 0
    const turn = () => (++turns === 40 ? Promise.reject(new Error('called off')) : Promise.resolve())
    const restoring = restorer(plan, turn)
    await expect(restoring.add(stereo).next()).rejects.toThrow('called off')
  })
})
