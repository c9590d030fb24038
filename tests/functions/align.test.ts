// An interview whose captions leave out what nobody wants to read: hesitations, and a sentence. Through the real steps up
// to the edits that they propose.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { espeakVersion } from '../../shared/alignment/espeak.ts'
import type { EditList } from '../../shared/edits/edits.ts'
import type { Transcript } from '../../shared/words/words.ts'
import { said, type SaidRecording } from '../support/recordings.ts'
import { aSharedWorld, user, type World } from '../support/world.ts'

/**
 * So short a talk teaches letters little: single words and wrong captions are told by how espeak-ng says them, and
 * where it is missing that is passed over.
 */
const withPhones = (await espeakVersion()) === undefined ? test.skip : test

const near = 0.12
const far = 0.4
const lines: readonly (readonly [string, number])[] = [
  ['Welcome to our little show about the moon and the stars.', far],
  ['Today we talk with a guest who has seen them all.', near],
  ['Hmmm.', near],
  ['The moon is made of rock and dust and very old ice.', far],
  ['People have looked at it for as long as there were people.', near],
  ['Ummm.', near],
  ['Some said that it was made of cheese, which is not true.', far],
  ['We know because a dozen men went there and brought back stones.', far],
  ['They weigh as much as five people do.', far],
  ['Every one of those stones is older than any stone down here.', far],
  ['That tells us where the moon may have come from.', far],
  ['Something as large as a planet hit the earth.', far],
  ['Thank you all for listening to us this week.', far],
]
const sampleRate = 48_000

interface SaidWord {
  readonly text: string
  readonly start: number
  readonly end: number
}

let talk: SaidRecording
let sentences: SaidWord[][]
let world: World
let episodes = 0

beforeAll(async () => {
  talk = await said(...lines.flat())
  const { words } = JSON.parse(talk.words) as { words: SaidWord[] }
  sentences = [[]]
  for (const word of words) {
    sentences.at(-1)!.push(word)
    if (word.text.endsWith('.')) sentences.push([])
  }
  sentences.pop()
  world = await aSharedWorld()
})

const isHesitation = ([first]: readonly SaidWord[]): boolean => /mm/.test(first!.text)
const clock = (seconds: number): string => new Date(1000 * Math.max(0, seconds)).toISOString().slice(11, 23)

/** WebVTT, whose times are off by up to a quarter of a second. */
const captions = (cues: readonly { readonly words: readonly SaidWord[]; readonly text?: string }[]): string =>
  [
    'WEBVTT\n',
    ...cues.map(({ words, text }, i) => {
      const [start, end] = [words[0]!.start + Math.sin(7 * i) / 4, words.at(-1)!.end + Math.cos(5 * i) / 4]
      return `${clock(start)} --> ${clock(end)}\n${text ?? words.map((word) => word.text).join(' ')}\n`
    }),
  ].join('\n')

interface Cleaned {
  readonly transcript: Transcript
  readonly edits: EditList['edits']
  readonly stutters: EditList['edits']
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
}

/** What the steps make of the talk with these words, as far as edits are proposed. */
async function cleaned(
  file: string,
  words: string,
  fillers: object = {},
  more: object = {},
): Promise<Cleaned> {
  const slug = `moon-${++episodes}`
  const place = (name: string) => `u/${user}/show/${slug}/${name}`
  await world.upload(place(file), words)
  await world.upload(
    place('template.json'),
    JSON.stringify({ cleaning: { fillers, stutters: 'cut' }, ...more }),
  )
  await world.arrive(await world.upload(place('talk.wav'), talk.wav))
  for (
    let queued = await world.tasks();
    queued.some(({ payload }) => payload.step !== 'decide');
    queued = await world.tasks()
  )
    for (const { payload } of queued) if (payload.step !== 'decide') await world.hand(payload)
  const [task] = await world.tasks()
  const { runId } = task!.payload
  const output = (await world.steps(runId)).find(({ step }) => step === 'clean')!.output!
  const read = async <T>(name: unknown): Promise<T> =>
    await world.services.storage.readJson<T>({
      bucket: world.services.config.buckets.work,
      name: String(name),
    })
  const { warnings } = await world.run(runId)
  await world.cancel(runId)
  await world.lose('decide')
  const { edits } = await read<EditList>(output['proposedObject'])
  return {
    transcript: await read<Transcript>(output['transcriptObject']),
    edits: edits.filter(({ kind }) => kind === 'filler'),
    stutters: edits.filter(({ kind }) => kind === 'stutter'),
    warnings,
  }
}

const spoken = (): SaidWord[][] => sentences.filter((sentence) => !isHesitation(sentence))

/** What share of these starts are as near to the truth as 50 ms. */
function exactShare(transcript: Transcript, truth: readonly SaidWord[]): number {
  const exact = truth.filter(({ start, text }) =>
    transcript.words.some(
      (word) => word.text === text && Math.abs(word.startSample / sampleRate - start) <= 0.05,
    ),
  )
  return exact.length / truth.length
}

describe('Captions that fit', () => {
  let made: Cleaned
  beforeAll(async () => {
    made = await cleaned('words.vtt', captions(spoken().map((words) => ({ words }))), { untold: 'cut' })
  })

  test('become words with exact times', () => {
    const firsts = spoken().map(([first]) => first!)
    expect(made.transcript.exactTimes).toBe(true)
    expect(exactShare(made.transcript, firsts)).toBeGreaterThan(0.9)
    expect(made.warnings).toEqual([])
  })

  withPhones('become single words with exact times', () => {
    expect(exactShare(made.transcript, spoken().flat())).toBeGreaterThan(0.7)
  })

  test('let hesitations be cut that they leave out, and nothing of a word with them', () => {
    const hesitations = sentences.filter(isHesitation).flat()
    expect(made.edits).toHaveLength(hesitations.length)
    for (const [i, { startSample, endSample, status }] of made.edits.entries()) {
      const { start, end } = hesitations[i]!
      expect(status).toBe('applied')
      expect(Math.abs(startSample / sampleRate - start)).toBeLessThan(0.05)
      expect(Math.abs(endSample / sampleRate - end)).toBeLessThan(0.05)
    }
  })
})

test('Hesitations are proposed and not cut unless the template says so, and a sentence that the text lacks is named', async () => {
  const missing = spoken()[6]!
  const told = spoken().filter((words) => words !== missing)
  const { edits, warnings } = await cleaned('words.vtt', captions(told.map((words) => ({ words }))))
  expect(edits.map(({ status, detector }) => [status, detector])).toEqual([
    ['pending', 'untold'],
    ['pending', 'untold'],
  ])
  expect(warnings.map(({ code }) => code)).toEqual(['sentences_missing'])
  const [, minutes, seconds] = /lacks: (\d+):(\d\d) to/.exec(warnings[0]!.message)!
  expect(Math.abs(60 * Number(minutes) + Number(seconds) - missing[0]!.start)).toBeLessThan(1)
})

withPhones(
  'A caption that says something else fails alone: nothing is cut by its words, and it is named',
  async () => {
    const cues = spoken().map((words, i) =>
      i === 4 ? { words, text: 'Nobody ever heard of such a thing before last Tuesday evening.' } : { words },
    )
    const { transcript, warnings } = await cleaned('words.vtt', captions(cues))
    expect(warnings).toEqual([
      {
        code: 'cue_unmatched',
        message: 'Cue 5 of 11 does not match the sound; nothing is cut by its words.',
      },
    ])
    const [others, own] = [
      transcript.words.filter(({ isPlaced }) => !isPlaced),
      transcript.words.filter(({ isPlaced }) => isPlaced),
    ]
    expect(own.map(({ text }) => text).join(' ')).toBe(cues[4]!.text)
    expect(
      exactShare(
        { ...transcript, words: others },
        spoken().flatMap((words, i) => (i === 4 ? [] : words.slice(0, 1))),
      ),
    ).toBeGreaterThanOrEqual(0.9)
  },
)

test('A recogniser’s words keep their times in a recording too short to know better, and what they leave out is proposed', async () => {
  const words = spoken()
    .flat()
    .map((word, i) => {
      const off = Math.sin(11 * i) / 10
      return { ...word, start: Math.max(0, word.start + off), end: Math.max(0.05, word.end + off) }
    })
  const file = JSON.stringify({ version: 1, language: 'en', words })
  const { transcript, edits, warnings } = await cleaned('words.json', file)
  const off = transcript.words.map(({ startSample }, i) => startSample / sampleRate - words[i]!.start)
  expect(off.filter((each) => Math.abs(each) > 0.15)).toEqual([])
  expect([[...new Set(edits.map(({ detector }) => detector))], warnings]).toEqual([['untold'], []])
})

test('What a speaker says twice by accident is cut where it was said; one voice is not taken for two', async () => {
  const said = sentences.flat().map((word) => ({ ...word, speaker: null }))
  const [first, second] = said.slice(1, 3)
  first!.text = second!.text = 'the'
  const words = JSON.stringify({ language: 'en', words: said })
  const { transcript, stutters, warnings } = await cleaned(
    'talk.words.json',
    words,
    {},
    { transcription: { voices: 2 } },
  )
  expect(stutters.map(({ text }) => text)).toEqual(['the'])
  const [{ startSample, endSample }] = stutters as [EditList['edits'][number]]
  expect(startSample / sampleRate).toBeGreaterThan(first!.start - near)
  expect(endSample / sampleRate).toBeLessThan(second!.start + near)
  expect(warnings.map(({ code }) => code)).toContain('voices_alike')
  expect(new Set(transcript.words.map(({ speaker }) => speaker))).toEqual(new Set([null]))
})
