/**
 * Who speaks, where captions write it before what is said: "Anna: Good evening." Hides what such a name looks like, and
 * when it is none: nobody is called "Warning" once in an hour.
 */
import type { ReportedWord } from './words.ts'

/** With a dash before it. */
const mostWords = 4
const fewestCues = 2
/** "Anna:", "Dr. Ada L.:", "SPEAKER 1:"; a time of day or an address has something else before its colon. */
const name = /^(?:\p{Lu}[\p{L}.’'-]*)(?: [\p{Lu}\p{N}][\p{L}\p{N}.’'-]*)*:$/u

interface Head {
  readonly speaker: string
  readonly words: number
}

/** How many of a cue's words are its speaker's name. */
function headOf(cue: readonly ReportedWord[]): Head | undefined {
  for (let count = 1; count <= mostWords && count < cue.length; count++) {
    const text = cue
      .slice(0, count)
      .map((word) => word.text)
      .join(' ')
      .replace(/^[-–—] ?/, '')
    if (text.endsWith(':')) return name.test(text) ? { speaker: text.slice(0, -1), words: count } : undefined
  }
  return undefined
}

/** The words without the names, each by whoever is named last; as they are, where cues name nobody or say it otherwise. */
export function namedAtHeads(words: readonly ReportedWord[]): readonly ReportedWord[] {
  if (words.some(({ speaker }) => speaker)) return words
  const cues = [...Map.groupBy(words, ({ cue }) => cue ?? 0).values()]
  const heads = cues.map(headOf)
  if (heads.filter(Boolean).length < fewestCues) return words
  let speaker: string | null = null
  return cues.flatMap((cue, i) => {
    speaker = heads[i]?.speaker ?? speaker
    const own = speaker
    const said = cue.slice(heads[i]?.words ?? 0).map((word) => ({ ...word, speaker: own }))
    return said.map((word, place) => (place === 0 ? { ...word, start: cue[0]!.start } : word)) // a name takes no time
  })
}
