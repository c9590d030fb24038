// Two voices told apart by their sound alone: who says which sentence, and when nothing is suggested.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { cepstrumSize } from '../../shared/alignment/cepstra.ts'
import type { Sound } from '../../shared/alignment/speech-rows.ts'
import { suggestSpeakers } from '../../shared/alignment/speakers-by-voice.ts'
import { tellVoices, type Voices } from '../../shared/alignment/voices.ts'
import type { Analysis } from '../../shared/audio/analysis.ts'
import { voicesNamed } from '../../shared/episode/taken.ts'
import { nameSpeakers } from '../../shared/words/captions.ts'
import type { Transcript } from '../../shared/words/words.ts'

const turnFrames = 400
const turns = 48
const neverAborted = new AbortController().signal

/** Turns of 3.5 s with half a second between them; phones of 80 ms, which a voice says in its own way. */
function talk(shift: number): Sound {
  const frames = turns * turnFrames
  const levels = new Int16Array(frames).fill(-6000)
  const rows = new Float32Array(frames * cepstrumSize)
  let seed = 7
  const noise = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5
  for (let frame = 0; frame < frames; frame++) {
    const isQuiet = frame % turnFrames >= 350
    if (!isQuiet) levels[frame] = -2000
    const voice = Math.floor(frame / turnFrames) % 2
    const phone = (Math.floor(frame / 8) * 7919) % 13
    for (let d = 0; d < cepstrumSize; d++)
      rows[frame * cepstrumSize + d] =
        Math.sin(phone * (d + 1)) * 3 + voice * shift * Math.cos(d) + 2 * noise()
  }
  const cepstra = (from: number, to: number) =>
    Promise.resolve(rows.subarray(from * cepstrumSize, to * cepstrumSize))
  return { frames, levels, cepstra }
}

const sampleRate = 1000
const analysis = { format: { sampleRate, channels: 1, sampleFormat: 's16le' } } as unknown as Analysis

/** A sentence of two words in every turn. */
const transcript = (speaker: string | null = null): Transcript => ({
  language: 'en',
  exactTimes: true,
  words: Array.from({ length: 2 * turns }, (_, i) => ({
    text: i % 2 === 0 ? 'Well' : 'said.',
    startSample: Math.floor(i / 2) * 4000 + (i % 2) * 1700,
    endSample: Math.floor(i / 2) * 4000 + (i % 2) * 1700 + 1500,
    ...{ speaker, confidence: null },
  })),
})

describe('Two voices', () => {
  let two: Sound
  let told: Voices
  beforeAll(async () => {
    two = talk(3)
    told = (await tellVoices(two, neverAborted))!
  })

  test('are found sentence by sentence, who speaks first being the first', async () => {
    const suggested = await suggestSpeakers(transcript(), analysis, two, neverAborted)
    expect(suggested.warnings).toEqual([])
    expect(suggested.transcript.speakersBy).toBe('voice')
    expect(suggested.transcript.words.map(({ speaker }) => speaker)).toEqual(
      Array.from({ length: 2 * turns }, (_, i) => (Math.floor(i / 2) % 2 === 0 ? 'Voice 1' : 'Voice 2')),
    )
  })

  test('are the same whenever they are looked for', async () => {
    expect(await tellVoices(two, neverAborted)).toEqual(told)
  })

  test('keep their labels, and one that is known from elsewhere says whose it is like', async () => {
    const second = told.portraits[1 - told.ofFrame[0]!]!
    const known = [{ name: 'Ada', portrait: second }]
    const { transcript: named } = await suggestSpeakers(transcript(), analysis, two, neverAborted, known)
    expect(named.words[0]!.speaker).toBe('Voice 1')
    expect(named.voices!.map(({ label, like }) => [label, like?.name])).toEqual([
      ['Voice 1', undefined],
      ['Voice 2', 'Ada'],
    ])
    const calledBy = (names: Record<string, string>) =>
      new Set(nameSpeakers(named, names).words.map(({ speaker }) => speaker))
    expect(calledBy({})).toEqual(new Set(['Voice 1', 'Ada']))
    expect(calledBy({ 'Voice 2': 'Ben' })).toEqual(new Set(['Voice 1', 'Ben']))
    expect(voicesNamed(named, {})).toEqual([])
    expect(voicesNamed(named, { 'Voice 1': 'Voice 2', 'Voice 2': 'Ben' })).toEqual([
      { label: 'Voice 2', name: 'Ben', portrait: second },
    ])
  })

  test('are nobody where nobody speaks', () => {
    expect(new Set(told.ofFrame.subarray(352, 400))).toEqual(new Set([-1]))
  })

  test('are left as they are when the words name somebody', async () => {
    const named = transcript('Ada')
    expect(await suggestSpeakers(named, analysis, two, neverAborted)).toEqual({
      transcript: named,
      warnings: [],
    })
  })

  test('are no longer looked for once the run is cancelled', async () => {
    await expect(tellVoices(two, AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled')
  })
})

describe('Nothing is suggested, and a warning says so,', () => {
  test.each([
    ['when one voice alone is heard', talk(0), 'too much alike, or one of them says too little'],
    [
      'when too little is said',
      { ...talk(3), levels: new Int16Array(turns * turnFrames).fill(-9600) },
      'less than 150 seconds of speech',
    ],
  ])('%s', async (_when, sound, why) => {
    const { transcript: same, warnings } = await suggestSpeakers(transcript(), analysis, sound, neverAborted)
    expect(same).toEqual(transcript())
    expect(warnings).toEqual([{ code: 'voices_alike', message: expect.stringContaining(why) }])
  })
})
