// Chapters without a model: borders where the subject changes, and nowhere else.
import { describe, expect, test } from '@jest/globals'
import { proposedChapters } from '../../shared/words/proposed-chapters.ts'
import { topicsIn } from '../../shared/words/topics.ts'
import { keepAllBut } from '../../shared/timeline/ledger.ts'
import { sampleRate, saying } from '../support/saying.ts'

const glue =
  'and then that was what they said about this because there would have been some more of it'.split(' ')
const subjects = {
  bees: 'bees honey hive queen swarm pollen beekeeper nectar comb smoke wax colony'.split(' '),
  trains: 'trains railway station engine track signal carriage timetable driver platform wagon tunnel'.split(
    ' ',
  ),
  bread: 'bread flour dough oven yeast baker crust loaf sourdough kneading rye starter'.split(' '),
}
type Subject = keyof typeof subjects

/** So many words of a subject, every third its own; the same for the same numbers. */
function talk(subject: Subject, count: number, seed = 1): string {
  let state = seed
  const next = (below: number) => {
    state = (state * 48271) % 2147483647
    return state % below
  }
  return Array.from({ length: count }, (_, i) => {
    const from = i % 3 === 0 ? subjects[subject] : glue
    return from[next(from.length)]!
  }).join(' ')
}
const pause = ' [1400] '
const topics = (text: string) => topicsIn(saying(text).words, sampleRate)

describe('A talk', () => {
  test('of three subjects has a chapter for each, at the pauses between them, named after what is said in it', () => {
    const found = topics([talk('bees', 420), talk('trains', 500, 2), talk('bread', 460, 3)].join(pause))
    expect(found.map(({ first }) => first)).toEqual([0, 420, 920])
    found.forEach(({ title }, i) => {
      const own: readonly string[] = Object.values(subjects)[i]!
      const named = title.toLowerCase().split(', ')
      expect(named).toHaveLength(3)
      expect(named.filter((word) => !own.includes(word))).toEqual([])
      expect(title).toMatch(/^\p{Lu}/u)
    })
  })

  test('of one subject has none, however long', () => {
    expect(topics(talk('bees', 1000))).toEqual([])
    expect(topics(Array.from({ length: 12 }, (_, i) => talk('trains', 300, i + 7)).join(pause))).toEqual([])
  })

  test('of nothing, of a few words, or of the same word again and again has none', () => {
    expect(topicsIn([], sampleRate)).toEqual([])
    expect(topics([talk('bees', 60), talk('trains', 60)].join(pause))).toEqual([])
    expect(topics('um '.repeat(3000))).toEqual([])
    expect(topics('honey '.repeat(3000))).toEqual([])
  })

  test('that turns aside for half a minute has no chapter for it', () => {
    const aside = [talk('bees', 600), talk('trains', 70, 2), talk('bees', 600, 3)].join(pause)
    expect(topics(aside)).toEqual([])
  })

  test('in a script without spaces is told apart as well', () => {
    const said = (characters: string, count: number) =>
      Array.from({ length: count }, (_, i) => characters.slice((i * 2) % 24, ((i * 2) % 24) + 2)).join(' ')
    const [bees, trains] = [
      '蜜蜂蜂蜜蜂箱女王花粉花蜜蜂巢養蜂烟雾蜂蜡群体采集',
      '列車鉄道駅舎機関線路信号客車時刻運転月台貨車隧道',
    ]
    expect(topics([said(bees, 600), said(trains, 600)].join(pause)).map(({ first }) => first)).toEqual([
      0, 600,
    ])
  })

  test('of ten hours is read once, not once for each of its words', () => {
    let reads = 0
    const counted = (texts: string) =>
      saying(texts).words.map((word) => ({
        ...word,
        get text() {
          reads++
          return word.text
        },
      }))
    const names = Object.keys(subjects) as Subject[]
    const hours = Array.from({ length: 60 }, (_, i) => talk(names[i % 3]!, 1500, i + 1)).join(pause)
    const words = counted(hours)
    const found = topicsIn(words, sampleRate)
    expect(found.length).toBeGreaterThan(30)
    expect(found.length).toBeLessThanOrEqual(40)
    expect(reads).toBeLessThanOrEqual(2 * words.length)
  })
})

test('Chapters are proposed from what is left after the cuts, at times of the recording', () => {
  const transcript = saying([talk('bees', 420), talk('trains', 500, 2), talk('bread', 460, 3)].join(pause))
  const { words } = transcript
  const whole = words.at(-1)!.endSample + 1000
  const trains = { startSample: words[420]!.startSample - 100, endSample: words[920]!.startSample - 100 }
  const ledger = keepAllBut([trains], whole, 5000, () => 0)
  const marks = proposedChapters(transcript, { ledger, sampleRate })
  expect(marks.map(({ startSample }) => startSample)).toEqual([
    words[0]!.startSample,
    words[920]!.startSample,
  ])
})
