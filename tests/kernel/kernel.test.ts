// The kernels give the reference's bits, whatever the sound, its length and where a call begins and ends.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { highPass, kWeighting } from '../../shared/audio/loudness.ts'
import { doubleEnergyMeter, energyMeter, pairEnergyMeter } from '../../shared/kernel/filters.ts'
import { addFrames, multiplySteps, type Interleaved } from '../../shared/kernel/gains.ts'
import { extremes, groupPeaks, layOutInterpolator } from '../../shared/kernel/peaks.ts'
import { deinterleave, interleave } from '../../shared/kernel/planes.ts'
import * as reference from './reference.ts'

type Numbers = Float32Array | Float64Array
const bits = (values: Numbers): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength)
const same = (ours: readonly Numbers[], theirs: readonly Numbers[]): void => {
  expect(ours.map((values) => bits(values).toString('hex'))).toEqual(
    theirs.map((values) => bits(values).toString('hex')),
  )
}

/** Reproducible numbers in [−1, 1). */
function noiseOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

/** Levels of sounds: loud, over full scale, as quiet as float32 goes, below it, and silence. */
const scales = [1, 0.01, 50, 3e38, 1e-20, 1e-30, 1e-38, 1e-44, 0]
const sounds = {
  noise: (random: () => number, scale: number) => () => random() * scale,
  square: (random: () => number, scale: number) => () => (random() < 0 ? -scale : scale),
  constant: (random: () => number, scale: number) => {
    const sample = random() * scale
    return () => sample
  },
  sparse: (random: () => number, scale: number) => () => (random() > 0.95 ? random() * scale : 0),
  'sound that ends in silence': (random: () => number, scale: number) => {
    let left = 200
    return () => (left-- > 0 ? random() * scale : -0)
  },
}

/** Longer than a block of the kernels now and then; around their vectors' length more often. */
const length = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 70 }) },
  { weight: 2, arbitrary: fc.integer({ min: 71, max: 9000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 25_000 }) },
)
const drawn = fc.record({
  sound: fc.constantFrom(...Object.values(sounds)),
  scale: fc.constantFrom(...scales),
  seed: fc.nat(),
})
const samplesOf = (
  { sound, scale, seed }: typeof drawn extends fc.Arbitrary<infer T> ? T : never,
  n: number,
) => {
  const next = sound(noiseOf(seed), scale)
  return Float32Array.from({ length: n }, () => next())
}
const plane = fc.tuple(drawn, length).map(([sound, n]) => samplesOf(sound, n))
const twoPlanes = fc
  .tuple(drawn, drawn, length)
  .map(([left, right, n]) => [samplesOf(left, n), samplesOf(right, n)] as const)
const planes = fc.oneof(
  plane.map((only) => [only] as readonly Float32Array[]),
  twoPlanes.map((both) => both as readonly Float32Array[]),
)

/** Interleaved bytes that may lie at any address. */
const interleaved = fc
  .record({
    sampleFormat: fc.constantFrom('s16le' as const, 'f32le' as const),
    channels: fc.constantFrom(1 as const, 2 as const),
    offset: fc.integer({ min: 0, max: 7 }),
    frames: length,
    sound: drawn,
  })
  .map(({ sampleFormat, channels, offset, frames, sound }): Interleaved & { frames: number } => {
    const samples = samplesOf(sound, frames * channels)
    const stored =
      sampleFormat === 'f32le'
        ? samples
        : Int16Array.from(samples, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32768))))
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(stored.buffer)]).subarray(offset)
    return { bytes, sampleFormat, channels, frames }
  })

describe('Samples', () => {
  test('are taken apart', () => {
    fc.assert(
      fc.property(interleaved, (source) => {
        const ours = Array.from({ length: source.channels }, () => new Float32Array(source.frames))
        deinterleave(source.bytes, source.sampleFormat, ours)
        same(ours, reference.deinterleave(source))
      }),
    )
  })

  test('are taken apart without touching what lies behind in a longer plane', () => {
    const longer = [new Float32Array(9).fill(7), new Float32Array(9).fill(7)]
    deinterleave(Buffer.alloc(2 * 2 * 5), 's16le', longer)
    same(longer, [Float32Array.of(0, 0, 0, 0, 0, 7, 7, 7, 7), Float32Array.of(0, 0, 0, 0, 0, 7, 7, 7, 7)])
  })

  test('are woven', () => {
    fc.assert(
      fc.property(planes, (some) => {
        const ours = new Float32Array(some.length * some[0]!.length)
        interleave(some, ours)
        same([ours], [reference.interleave(some)])
      }),
    )
  })
})

describe('Gains', () => {
  const gain = fc.double({ min: -70, max: 70, noNaN: true })
  const moves = fc.oneof(
    fc.constant(() => undefined),
    fc
      .record({
        level: gain,
        slope: fc.double({ min: -0.01, max: 0.01, noNaN: true }),
        first: fc.integer({ min: -1_000_000, max: 1_000_000_000 }),
      })
      .map((line) => () => line),
    fc.nat().map((seed) => (count: number) => {
      const next = noiseOf(seed)
      const of = () => Float64Array.from({ length: count }, () => next())
      return { fades: of(), levels: of() }
    }),
  )

  test('of clips are mixed', () => {
    fc.assert(
      fc.property(
        interleaved,
        drawn,
        fc.constantFrom(1, 2),
        fc.nat({ max: 50 }),
        gain,
        moves,
        (source, under, sides, shift, factor, move) => {
          const frame = Math.min(shift, source.frames - 1)
          const count = source.frames - frame
          const channels = Math.max(sides, source.channels)
          const mix = (): Float32Array[] =>
            Array.from({ length: channels }, (_, side) =>
              samplesOf({ ...under, seed: under.seed + side }, count + 2 * shift),
            )
          const [ours, theirs] = [mix(), mix()]
          addFrames(ours, shift, source, frame, count, factor, move(count))
          reference.addFrames(theirs, shift, source, frame, count, factor, move(count))
          same(ours, theirs)
        },
      ),
    )
  })

  test('of the limiter are laid on', () => {
    fc.assert(
      fc.property(
        plane,
        fc.nat(),
        fc.boolean(),
        fc.nat({ max: 3 }),
        gain,
        (samples, seed, isOpen, skip, factor) => {
          const next = noiseOf(seed)
          const steps = Math.ceil(samples.length / 30) + skip
          const gains = Float64Array.from({ length: steps }, () =>
            isOpen || next() > 0 ? 1 : Math.abs(next()),
          )
          const from = Math.min(samples.length, 7)
          const [ours, theirs] = [samples.slice(), samples.slice()]
          multiplySteps(ours, from, samples.length, 30, gains, skip, factor)
          reference.multiplySteps(theirs, from, samples.length, 30, gains, skip, factor)
          same([ours], [theirs])
        },
      ),
    )
  })
})

describe('Energies', () => {
  const step = fc.constantFrom(1, 3, 30, 441, 480, 4410, 4800, 8192)

  test('of one channel or two, over several calls', () => {
    fc.assert(
      fc.property(fc.array(planes, { minLength: 1, maxLength: 3 }), step, (calls, groupSamples) => {
        const channels = calls[0]!.length as 1 | 2
        const filter = kWeighting(48000)
        const meter = energyMeter(filter, channels)
        const theirMeters = Array.from({ length: channels }, () => reference.energyMeter(filter))
        for (const some of calls.map((call) => [call[0]!, call.at(-1)!].slice(0, channels))) {
          const groups = Math.ceil(some[0]!.length / groupSamples)
          const make = () => some.map(() => new Float64Array(groups + 1))
          const [ours, theirs] = [make(), make()]
          meter(some, groupSamples, ours, 1)
          theirMeters.forEach((their, channel) => their(some[channel]!, groupSamples, theirs[channel]!, 1))
          same(ours, theirs)
        }
      }),
    )
  })

  test('of two filters at once, when a second channel comes later too', () => {
    fc.assert(
      fc.property(
        fc.array(plane, { maxLength: 2 }),
        fc.array(twoPlanes, { maxLength: 2 }),
        fc.constantFrom(30, 441, 480),
        (mono, stereo, groupSamples) => {
          const [whole, stepwise] = [kWeighting(44100), [highPass(44100, 150), highPass(44100, 150)] as const]
          const meter = doubleEnergyMeter(whole, stepwise)
          const theirs = [0, 1].map(
            () => [reference.energyMeter(whole), reference.energyMeter(stepwise)] as const,
          )
          for (const some of [...mono.map((only) => [only]), ...stereo]) {
            const groups = Math.ceil(some[0].length / groupSamples)
            const [totals, outs] = [new Float64Array(some.length), some.map(() => new Float64Array(groups))]
            meter(some, groupSamples, totals, outs)
            some.forEach((samples, channel) => {
              const [total, out] = [new Float64Array(1), new Float64Array(groups)]
              theirs[channel]![0](samples, samples.length, total)
              theirs[channel]![1](samples, groupSamples, out)
              same([totals.subarray(channel, channel + 1), outs[channel]!], [total, out])
            })
          }
          const [pair, apart] = [
            pairEnergyMeter(whole, stepwise),
            [whole, stepwise].map(reference.energyMeter),
          ]
          for (const samples of mono) {
            const sums = [0, 1, 2, 3].map(() => new Float64Array(Math.ceil(samples.length / groupSamples)))
            pair(samples, groupSamples, sums[0]!, sums[1]!)
            apart.forEach((one, i) => one(samples, groupSamples, sums[2 + i]!))
            same(sums.slice(0, 2), sums.slice(2))
          }
        },
      ),
    )
  })

  test('of groups that do not fit into the memory are refused', () => {
    expect(() => {
      energyMeter(kWeighting(48000), 1)([new Float32Array(9000)], 9000, [new Float64Array(1)])
    }).toThrow(RangeError)
  })
})

describe('Peaks', () => {
  const taps = (count: number, seed: number): Float64Array => {
    const next = noiseOf(seed)
    return Float64Array.from({ length: count }, () => next())
  }

  test('of groups, interpolated from a threshold on', () => {
    fc.assert(
      fc.property(
        plane,
        fc.nat({ max: 20 }),
        fc.nat({ max: 20 }),
        fc.constantFrom(1, 2, 30, 31, 64, 3000),
        fc.constantFrom(0, 1e-30, 0.5, 0.9, Infinity),
        fc.nat(),
        (samples, skipped, left, step, threshold, seed) => {
          const [quarter, half] = [taps(12, seed), taps(6, seed + 1)]
          const from = Math.min(skipped, samples.length)
          const to = Math.max(from, samples.length - left)
          const theirs = reference.groupPeaks(samples, from, to, step, threshold, quarter, half)
          const ours = new Float32Array(theirs.length + 3)
          groupPeaks(samples, from, to, step, threshold, layOutInterpolator(quarter, half), ours, 3)
          same([ours.subarray(3)], [theirs])
        },
      ),
    )
  })

  test('are sums of taps in their order: two that cancel take the last bits of what was before them', () => {
    const samples = new Float32Array(20).fill(0.9)
    for (const count of [12, 6]) {
      for (let at = 0; at < count - 1; at++) {
        for (let seed = 0; seed < 8; seed++) {
          const some = taps(count, seed + 8 * at)
          some.set([1e10, -1e10], at)
          const [quarter, half] = count === 12 ? [some, new Float64Array(6)] : [new Float64Array(12), some]
          const ours = new Float32Array(1)
          groupPeaks(samples, 8, 10, 2, 0, layOutInterpolator(quarter, half), ours, 0)
          same([ours], [reference.groupPeaks(samples, 8, 10, 2, 0, quarter, half)])
        }
      }
    }
  })

  test('below and above zero, and how many are clipped', () => {
    fc.assert(
      fc.property(drawn, fc.integer({ min: 1, max: 4800 }), fc.constantFrom(441, 480), (sound, n, step) => {
        const samples = samplesOf(sound, n)
        const make = () => new Float32Array(11).fill(0)
        const [lows, highs, theirLows, theirHighs] = [make(), make(), make(), make()]
        const clippedAt = Math.fround(0.9999 + 2 ** -25)
        expect(extremes(samples, step, clippedAt, lows, highs)).toBe(
          reference.extremes(samples, step, 0.9999, theirLows, theirHighs),
        )
        same([lows, highs], [theirLows, theirHighs])
      }),
    )
  })
})
