// Loudness as it is heard, whatever the recording's channels and the file's: measured, levelled, rendered and
// certified as the steps do it, with ffmpeg as the judge.
import { describe, expect, test } from '@jest/globals'
import { certify } from '../../shared/mastering/certificate.ts'
import { chooseGain, measureChunk } from '../../shared/mastering/gain.ts'
import type { Mp3Format } from '../../shared/codec/port.ts'
import { ceilingDb, type Loudness } from '../../shared/mastering/programme.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import { layBed } from '../../shared/show/beds.ts'
import {
  add,
  aProgramme,
  decodeFile,
  ebur128,
  ebur128Of,
  readOnlyStore,
  renderAll,
  speechLike,
  tone,
  toPcm,
  withFile,
  type Programme,
} from '../support/audio.ts'

const sampleRate = 48_000
const usual: Loudness = { targetLufs: -16, maxTruePeakDbtp: -1 }
/** A meter that takes a mono file for one channel reads this much less. */
const dualMonoLu = 10 * Math.log10(2)

/** What `measure`, `level`, `render` and `finish` make of a programme of one chunk, as ffmpeg measures it. */
async function mastered(programme: Programme, estimateDb: number, format: Mp3Format, loudness = usual) {
  const { timeline, location } = programme
  const trials = await measureChunk(timeline, location, 0, estimateDb, ceilingDb(loudness, format))
  const gainDb = chooseGain(trials, loudness.targetLufs)!
  const { chunks, file } = await renderAll(programme, gainDb, loudness, format)
  const certificate = certify({
    blocks: Float32Array.from(chunks.flatMap(({ blocks }) => [...blocks])),
    truePeakDbtp: Math.max(...chunks.map(({ truePeakDbtp }) => truePeakDbtp)),
    ...{ timeline, sha256: '', loudness, format },
  })
  const measured = await withFile(file, (name) => ebur128(['-i', name]))
  const integratedLufs = measured.integratedLufs + (format.channels === 1 ? dualMonoLu : 0)
  return { gainDb, file, certificate, integratedLufs, truePeakDbtp: measured.truePeakDbtp }
}

const voice = speechLike(sampleRate, 30, 3)

describe('A voice is heard at −16 LUFS on two ears', () => {
  const recorded = { 'in mono': [voice], 'on two equal channels': [voice, voice] }
  const cases = Object.entries(recorded).flatMap(([how, planes]) =>
    ([1, 2] as const).map((channels) => ({ how, planes, channels, bitrateKbps: channels === 1 ? 96 : 128 })),
  )
  test.each(cases)(
    'recorded $how, in a file of $channels channels',
    async ({ planes, channels, bitrateKbps }) => {
      const programme = aProgramme(sampleRate, planes, channels)
      const { certificate, integratedLufs } = await mastered(programme, 6, {
        sampleRate,
        channels,
        bitrateKbps,
      })
      expect(certificate).toMatchObject({ pass: true, channels, dualMono: channels === 1 })
      for (const lufs of [integratedLufs, certificate.integratedLufs!])
        expect(Math.abs(lufs + 16)).toBeLessThan(0.2)
      if (channels === 1)
        expect(certificate.singleChannelLufs! - certificate.integratedLufs!).toBeCloseTo(-dualMonoLu, 1)
    },
  )

  test('by the same gain, however it was recorded', async () => {
    const format = { sampleRate, channels: 1, bitrateKbps: 96 } as const
    const gains = await Promise.all(
      Object.values(recorded).map(
        async (planes) => (await mastered(aProgramme(sampleRate, planes, 1), 6, format)).gainDb,
      ),
    )
    expect(gains[0]).toBe(gains[1])
  })
})

test('Two sides that have nothing in common are measured as they are mixed to one', async () => {
  const planes = [speechLike(sampleRate, 30, 1), speechLike(sampleRate, 30, 2)]
  const format = { sampleRate, channels: 1, bitrateKbps: 96 } as const
  // as `arrange` estimates it, from both sides as they were recorded: too little by up to 3 dB
  const estimateDb = usual.targetLufs - (await ebur128Of(sampleRate, planes)).integratedLufs
  const { gainDb, certificate, integratedLufs } = await mastered(
    aProgramme(sampleRate, planes, 1),
    estimateDb,
    format,
  )
  expect(gainDb - estimateDb).toBeGreaterThan(2)
  expect(certificate.pass).toBe(true)
  expect(Math.abs(integratedLufs + 16)).toBeLessThan(0.2)
})

describe('A target that the limiter cannot reach', () => {
  /** Short clicks, 30 dB above what they come to on the whole. */
  const clicks = new Float32Array(sampleRate * 30)
  for (let at = 0; at < clicks.length; at += sampleRate / 2)
    for (let i = 0; i < 48; i++) clicks[at + i] = 0.5 * Math.sin(i / 3) * (1 - i / 48)

  test.each([-8, -12])(
    'of %i LUFS gives the nearest that was tried, under its peak, and is not certified',
    async (targetLufs) => {
      const loudness = { targetLufs, maxTruePeakDbtp: -1 }
      const { integratedLufs: before } = await ebur128Of(sampleRate, [clicks, clicks])
      const estimateDb = targetLufs - before
      const format = { sampleRate, channels: 2, bitrateKbps: 128 } as const
      const programme = aProgramme(sampleRate, [clicks, clicks], 2)
      const { gainDb, certificate, integratedLufs, truePeakDbtp } = await mastered(
        programme,
        estimateDb,
        format,
        loudness,
      )
      expect(gainDb).toBeCloseTo(estimateDb + 5, 0)
      expect(certificate.pass).toBe(false)
      expect(integratedLufs).toBeLessThan(targetLufs - 0.2)
      expect(Math.abs(certificate.integratedLufs! - integratedLufs)).toBeLessThan(0.2)
      expect(truePeakDbtp).toBeLessThanOrEqual(-1)
    },
  )
})

describe('A bed under somebody who speaks two seconds and is silent for two', () => {
  const bedHz = 5000
  const seconds = 56
  const total = seconds * sampleRate
  const spans = Array.from({ length: seconds / 4 }, (_, i) => ({
    startSample: i * 4 * sampleRate,
    endSample: (i * 4 + 2) * sampleRate,
  }))
  const talk = new Float32Array(total)
  for (const { startSample } of spans) talk.set(speechLike(sampleRate, 2, 5 + startSample), startSample)

  /** The level of the bed's tone, in dB. */
  function toneDb(plane: Float32Array, fromSeconds: number, lengthSeconds: number): number {
    let [re, im] = [0, 0]
    const [from, length] = [Math.round(fromSeconds * sampleRate), Math.round(lengthSeconds * sampleRate)]
    for (let i = 0; i < length; i++) {
      const angle = (2 * Math.PI * bedHz * i) / sampleRate
      re += plane[from + i]! * Math.cos(angle)
      im += plane[from + i]! * Math.sin(angle)
    }
    return 20 * Math.log10((2 * Math.hypot(re, im)) / length)
  }

  test('stands where the template has it in every pause, and ten below under every word, after mastering too', async () => {
    const [rule] = parseTemplate(
      JSON.stringify({ music: [{ file: 'bed.wav', fadeInSeconds: 0, fadeOutSeconds: 0 }] }),
      'template',
    ).music
    const bed = tone(sampleRate, seconds, bedHz, 0)
    const programme = aProgramme(sampleRate, [talk], 2)
    const clips = layBed(
      rule!,
      { startSample: 0, endSample: total },
      { source: 1, assetSamples: total, gainDb: -45 },
      spans,
      sampleRate,
    )
    const { timeline } = programme
    const format = { sampleRate, channels: 1, sampleFormat: 'f32le' } as const
    const withBed: Programme = {
      timeline: {
        ...timeline,
        sources: [...timeline.sources, { object: 'bed', format, totalSamples: total }],
        clips: [...timeline.clips, ...clips],
      },
      location: {
        storage: readOnlyStore({ recording: toPcm([talk], 'f32le'), bed: toPcm([bed], 'f32le') }),
        bucket: 'work',
      },
    }
    const { gainDb, file } = await mastered(withBed, 6, { sampleRate, channels: 2, bitrateKbps: 192 })
    const [heard] = await decodeFile(file, sampleRate, 2)
    const own = toneDb(add(bed, new Float32Array(total)), 0, 1) - 45 + gainDb
    for (const { endSample } of spans.slice(0, -1)) {
      const end = endSample / sampleRate
      expect(Math.abs(toneDb(heard!, end + 0.9, 0.7) - own)).toBeLessThan(0.5)
    }
    // where nothing of the voice is: the bed is down already, and still
    for (const { startSample, endSample } of spans.slice(1)) {
      for (const at of [startSample / sampleRate - 0.018, endSample / sampleRate + 0.005])
        expect(Math.abs(toneDb(heard!, at, 0.016) - (own - 10))).toBeLessThan(1.5)
    }
  })
})
