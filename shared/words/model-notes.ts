/**
 * Makes a proposal of what a language model wrote of a transcript. Whoever spoke may have told the model what to write, so
 * nothing of it is believed: hides what is taken out (markup, addresses that nobody said, places that are not there, what is
 * too long) and says what that was.
 */
import type { ModelNotes } from '../providers/note-takers.ts'
import { withoutUnseen } from '../settings/unseen.ts'
import type { Proposal } from './proposal.ts'
import type { SpokenLine } from './spoken-lines.ts'

const longest = { title: 120, summary: 2000, note: 300, chapter: 100 } as const
const most = { notes: 30, chapters: 40 } as const

export interface Cleaned {
  readonly proposal: Proposal
  /** For the producer, a few words each; empty when nothing was left out. */
  readonly leftOut: readonly string[]
}

export function cleanModelNotes(
  given: ModelNotes,
  lines: readonly SpokenLine[],
  { by, mostTitles }: { readonly by: string; readonly mostTitles: number },
): Cleaned {
  const counts = { links: 0, places: 0, long: 0, many: 0 }
  const isSaid = addressesIn(lines)
  const text = (raw: string, length: number): string => {
    const plain = plainText(raw).replaceAll(address, (found) => {
      if (isSaid(found)) return found
      counts.links++
      return ''
    })
    const tidy = plain
      .replaceAll(/\(\s*\)|\[\s*\]/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim()
    if (tidy.length <= length) return tidy
    counts.long++
    return ''
  }
  const few = <T>(list: readonly T[], limit: number): readonly T[] => {
    counts.many += Math.max(0, list.length - limit)
    return list.slice(0, limit)
  }
  const starts = new Map(lines.map(({ number, startSample }) => [number, startSample]))
  const placed = <T extends { line: number }>(list: readonly T[]): (T & { startSample: number })[] => {
    const found = list.flatMap((one) => {
      const startSample = starts.get(one.line)
      return startSample === undefined ? [] : [{ ...one, startSample }]
    })
    counts.places += list.length - found.length
    const ordered = found.toSorted((a, b) => a.startSample - b.startSample)
    return ordered.filter(({ line }, i) => line !== ordered[i - 1]?.line)
  }
  const proposal: Proposal = {
    by,
    titles: few(
      [...new Set(given.titles.map((title) => text(title, longest.title)))].filter(Boolean),
      mostTitles,
    ),
    summary: text(given.summary, longest.summary),
    notes: few(placed(given.notes), most.notes)
      .map(({ startSample, text: raw }) => ({ startSample, text: text(raw, longest.note) }))
      .filter((note) => note.text !== ''),
    chapters: few(placed(given.chapters), most.chapters)
      .map(({ startSample, title }) => ({ startSample, title: text(title, longest.chapter) }))
      .filter(({ title }) => title !== ''),
  }
  const { links, places, long, many } = counts
  const leftOut = [
    counted(links, 'address that nobody says', 'addresses that nobody says'),
    counted(places, 'place that is not in the episode', 'places that are not in the episode'),
    counted(long, 'text that is too long', 'texts that are too long'),
    counted(many, 'entry beyond the limit', 'entries beyond the limit'),
  ].filter((words) => words !== '')
  return { proposal, leftOut }
}

const counted = (count: number, one: string, several: string): string =>
  count === 0 ? '' : `${count} ${count === 1 ? one : several}`

/** Without tags, Markdown and characters that nobody sees; the words of a link stay, and its address behind them. */
const plainText = (raw: string): string =>
  withoutUnseen(raw)
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/\[([^\][]*)\]\((\S{0,500})\)/g, '$1 $2')
    .replaceAll(/<[^<>]*>/g, ' ')
    .replaceAll(/[<>`*_~#|\\]+/g, ' ')
    .replaceAll(/\s+/g, ' ')

/** Whatever an application would make a link of: with a scheme, or a name of two parts and more. */
const address =
  /\b(?:[a-z][a-z0-9+.-]{1,20}:\/\/\S*|(?:mailto|javascript|data):\S+)|(?:[\p{L}\p{N}-]{1,63}\.){1,10}\p{L}{2,24}(?:[:/?#]\S*)?/giu

/** Whether an address is said in the talk: "example dot com slash shop" is as good as "example.com/shop". */
function addressesIn(lines: readonly SpokenLine[]): (found: string) => boolean {
  const said = lettersOf(
    lines
      .map(({ text }) => text)
      .join(' ')
      .replaceAll(/\b(?:dot|slash|at)\b/gi, ''),
  )
  return (found) => {
    const letters = lettersOf(found.replace(/^[a-z][a-z0-9+.-]*:\/*/i, ''))
    return letters !== '' && said.includes(letters)
  }
}

const lettersOf = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
