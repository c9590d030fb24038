/**
 * Prints the summary of a finished episode: length before and after, what was cut, how loud it is, where the
 * files are.
 */
import path from 'node:path'
import type { Rest } from '../../shared/edits/decisions-file.ts'
import type { Report } from './assemble.ts'
import { restorationLine } from '../../shared/review/restoration-lines.ts'
import { editKinds } from '../../shared/settings/edit-kinds.ts'
import { describeReceipt } from './cost-lines.ts'
import { quoted } from './quoted.ts'
import type { Listing } from './review.ts'

export const summarise = (report: Report): string =>
  report.status === 'awaiting_review' ? saysThatItWaits(report) : saysThatItIsDone(report)

const saysThatItWaits = ({ episode, warnings }: Report): string =>
  [
    `The episode waits for a decision. See and hear what it is:`,
    `  ./spool review ${quoted(episode)}`,
    ...warnings.map(note),
    '',
  ].join('\n')

export const note = ({ code, message }: { readonly code: string; readonly message: string }): string =>
  `Note      ${message} (${code})`

/** Also for a reason that has no words here. */
const heldWords: Readonly<Record<string, string>> = {
  manual: 'it waits for you, as its settings say',
  silent: 'it is too quiet, or too short, to be heard',
  not_bleeped: 'words were to be bleeped, and where they are said is not known',
  words_unlike_sound: 'its words do not sound like it',
  mostly_cut: 'more of it is cut by hand than its template lets go unseen',
  certificate_failed: 'its loudness could not be certified',
  gate_refused: 'listeners could not get it as it was made',
  unpublished: 'it was taken out of the feed',
  unscheduled: 'the time at which it was to come out was taken back',
  given_before: 'it lacks what the version before it had',
  attempt_failed: 'an attempt to make or to publish it has failed since',
}

export const inFeedLine = 'Feed      it is in it'

/** Why an episode is not in the feed, and the way there. */
export const feedLine = (episode: string, heldFor: string, isFormerInFeed = false): string =>
  `Feed      ${isFormerInFeed ? 'the version before is still in it, and this one is not' : 'not in it'}: ` +
  `${heldWords[heldFor] ?? heldFor}. ./spool publish ${quoted(episode)} puts it there.`

function saysThatItIsDone({
  episode,
  heldFor,
  comesOutAt,
  isInFeed,
  isFormerInFeed,
  files,
  sourceSeconds,
  durationSeconds,
  removedSeconds,
  edits,
  loudness,
  restoration,
  warnings,
  heardBy,
  receipt,
}: Report): string {
  const audio = files['episode.mp3']!
  const lines = [
    `Episode   ${audio}`,
    `Length    ${lengthSum(sourceSeconds, removedSeconds, durationSeconds)}`,
    ...(heardBy === undefined ? [] : [`Words     written down by ${heardBy}, on this machine`]),
    `Edits     ${
      Object.entries(edits)
        .map(([kind, count]) => counted(count, kind))
        .join(', ') || 'none'
    }`,
    ...(restoration ? [`Sound     ${restorationLine(restoration)}`] : []),
    `Loudness  ${measuredLine(loudness)}`,
    ...(receipt ? [`Took      ${describeReceipt(receipt)}`] : []),
    `Files     ${Object.keys(files)
      .filter((file) => file !== 'episode.mp3')
      .join('  ')}`,
    `Look at   ${files['review.html'] ?? path.dirname(audio)}`,
    ...(isInFeed ? [inFeedLine] : []),
    ...(comesOutAt === undefined ? [] : [`Feed      not yet: it comes out on ${comesOutAt}`]),
    ...(heldFor === undefined ? [] : [feedLine(episode, heldFor, isFormerInFeed)]),
    ...(receipt?.isAnotherRecording ? [anotherRecording] : []),
    ...warnings.map(note),
    ...(warnings.some(({ code }) => code === 'left_undecided')
      ? [`Decide    ./spool review ${quoted(episode)}`]
      : []),
  ]
  return `${lines.join('\n')}\n`
}

function measuredLine({ integratedLufs, truePeakDbtp }: Report['loudness']): string {
  const peak = truePeakDbtp === null ? '' : `, true peak ${truePeakDbtp.toFixed(1)} dBTP`
  return integratedLufs === null
    ? `none: it is silent, or too short to have one${peak}`
    : `${integratedLufs.toFixed(1)} LUFS${peak}, measured on the MP3`
}

const anotherRecording =
  'Note      Another recording had this name: its episode was made anew of this one, and its files were replaced.\n' +
  '          To keep both, give the recordings different names.'

/** What a producer is asked, and where to look and listen. */
export function summariseListing(listing: Listing): string {
  const { waiting, undecided, decided, folder, episode } = listing
  const open = [...waiting, ...undecided]
  const example = open[0] ? exampleFor(open[0]) : decided[0] && exampleAgainst(decided[0])
  return `${[
    headOf(listing),
    ...waiting.flatMap(editLines),
    ...(waiting.length > 0 && undecided.length > 0
      ? ['', `${undecided.length} more are proposed, and are not made unless you accept them:`]
      : []),
    ...undecided.flatMap(editLines),
    ...decidedLines(decided, waiting.length > 0),
    ...speakerLines(listing),
    ...proposalLines(listing),
    '',
    `Look at   ${path.join(folder, 'review.html')}`,
    ...(example
      ? [
          `${open.length > 0 ? 'Decide    ' : 'Change    '}./spool review ${quoted(episode)} --decisions decisions.json`,
          `          ${JSON.stringify({ version: 1, decisions: [example] })}`,
        ]
      : []),
    ...(open.length > 1
      ? ['          and of those that it does not name: --rest accept, --rest reject or --rest leave']
      : []),
  ].join('\n')}\n`
}

/** What goes on waiting after decisions, with what decides on it; `rest` is what became of all that was not named. */
export function stillOpen(left: number, rest: Rest | undefined, hasQuestion: boolean): string {
  const open =
    `spool: the decisions are kept; ${left} edit${left === 1 ? ' is' : 's are'} not decided on yet, and the episode waits ` +
    `for ${left === 1 ? 'it' : 'them'}.`
  const answer = 'is not accepted but answered: give its answer in the decisions file ("decision": "answer")'
  // whatever can be accepted has been
  return rest === 'accept'
    ? `${open} A question ${answer}, or say --rest reject or --rest leave.\n`
    : `${open} --rest accept, reject or leave decides on all that is left${hasQuestion ? `; but a question ${answer}` : ''}.\n`
}

const exampleFor = ({ id, question }: Listing['waiting'][number]): object =>
  question === undefined ? { decision: 'accept', edit: id } : { decision: 'answer', edit: id, text: '…' }

const exampleAgainst = ({ id, status }: Listing['decided'][number]): object => ({
  decision: status === 'applied' ? 'reject' : 'accept',
  edit: id,
})

/** Beside what is asked; all of them where nothing is. */
const mostBesideQuestions = 20

/** One line each: there may be hundreds. */
function decidedLines(decided: Listing['decided'], isAsked: boolean): string[] {
  if (decided.length === 0) return []
  const shown = isAsked ? decided.slice(0, mostBesideQuestions) : decided
  const hidden = decided.length - shown.length
  return [
    '',
    ...(isAsked
      ? [`${decided.length} more are made or not as it stands here, unless you decide otherwise:`]
      : []),
    ...shown.map(({ id, kind, startSeconds, endSeconds, text, status }) =>
      [
        (status === 'applied' ? 'made' : 'not made').padEnd(9),
        editKinds[kind].one.padEnd(10),
        `${clockOfTenths(startSeconds)} to ${clockOfTenths(endSeconds)}`.padEnd(18),
        text === '' ? id : `${id}   ${text}`,
      ].join(' '),
    ),
    ...(hidden === 0 ? [] : [`and ${hidden} more, which the page and --json have.`]),
  ]
}

function headOf({ status, waiting, undecided, edits }: Listing): string {
  if (waiting.length > 0) return `${waiting.length} of ${edits} edits wait for a decision.`
  const state = `the run is ${status}, with ${edits} edits`
  return undecided.length === 0
    ? `Nothing waits: ${state}.`
    : `Nothing is waited for: ${state}. But ${undecided.length} of them ${undecided.length === 1 ? 'is' : 'are'} only proposed, and not made unless you accept ${undecided.length === 1 ? 'it' : 'them'}:`
}

const editLines = (edit: Listing['waiting'][number]): string[] => {
  const { id, kind, startSeconds, endSeconds, text, reason, question, before, after } = edit
  const seconds = (endSeconds - startSeconds).toFixed(1)
  return [
    '',
    `${editKinds[kind].one}, ${clockOfTenths(startSeconds)} to ${clockOfTenths(endSeconds)}, ${seconds} s   ${id}`,
    ...(question === undefined ? [] : [`  asked   ${question}`]),
    ...(text === '' ? [] : [`  words   ${text}`]),
    `  why     ${reason}`,
    `  hear    ${before}   ${after}`,
  ]
}

/** "1:02.3". */
function clockOfTenths(seconds: number): string {
  const tenths = Math.round(seconds * 10)
  return `${clock(Math.floor(tenths / 10))}.${tenths % 10}`
}

/** Who speaks, where that was told by voice: it is a suggestion, that names can be given to. */
function speakerLines({ speakers, speakersByVoice }: Listing): string[] {
  if (!speakersByVoice || speakers.length === 0) return []
  const called = speakers.map(({ label, name, sureness }) => {
    const sure = sureness === null ? '' : `, as in earlier episodes, ${Math.round(100 * sureness)} % sure`
    return label === name ? label : `${label} (${name}${sure})`
  })
  return [
    '',
    `Speakers  ${called.join(', ')}: suggested by voice`,
    `  name    ${JSON.stringify({ decision: 'take', speakers: { [speakers[0]!.label]: 'NAME' } })}`,
  ]
}

/** What is proposed to be said of the episode; nothing of it counts until it is taken. */
function proposalLines({ proposal }: Listing): string[] {
  if (!proposal) return []
  const { by, titles, summary, notes, chapters } = proposal
  const placed = (name: string, list: readonly { startSeconds: number }[], textOf: (i: number) => string) =>
    list.map(
      ({ startSeconds }, i) =>
        `  ${(i === 0 ? name : '').padEnd(9)}${clock(Math.floor(startSeconds))} ${textOf(i)}`,
    )
  const lines = [
    ...titles.map((title, i) => `  ${(i === 0 ? 'title' : '').padEnd(9)}${title}`),
    ...(summary === '' ? [] : [`  summary  ${summary}`]),
    ...placed('notes', notes, (i) => notes[i]!.text),
    ...placed('chapters', chapters, (i) => chapters[i]!.title),
  ]
  if (lines.length === 0) return []
  const example = JSON.stringify({
    decision: 'take',
    ...(titles.length > 0 ? { title: titles[0] } : {}),
    ...(chapters.length > 0
      ? { chapters: chapters.map(({ recordedSeconds, title }) => ({ startSeconds: recordedSeconds, title })) }
      : {}),
  })
  return ['', `Proposed  by ${by ?? 'the words alone'}, for you to take:`, ...lines, `  take     ${example}`]
}

/** What was recorded, less what was cut, and the show around it, are what is finished: in tenths, so that it adds up. */
/** As the review calls them. */
const counted = (count: number, kind: string): string => {
  const { one, many } = (editKinds as Readonly<Record<string, { one: string; many: string }>>)[kind] ?? {
    one: kind,
    many: `${kind}s`,
  }
  return `${count} ${count === 1 ? one : many.toLowerCase()}`
}

/** A tenth of a second is what rounding leaves, and nobody's segment. */
function lengthSum(recorded: number, removed: number, finished: number): string {
  const tenths = [recorded, removed, finished].map((seconds) => Math.round(10 * seconds))
  const added = tenths[2]! - tenths[0]! + tenths[1]!
  const [source, cut, made] = tenths.map((value) => preciseClock(value / 10))
  const what = Math.abs(added) === 1 ? 'by rounding' : added > 0 ? 'of the show' : 'of overlap'
  const show = added === 0 ? '' : ` ${added > 0 ? '+' : '−'} ${(Math.abs(added) / 10).toFixed(1)} s ${what}`
  return `${made} finished = ${source} recorded − ${cut} cut${show}`
}

const preciseClock = (seconds: number): string =>
  seconds < 60
    ? `${seconds.toFixed(1)} s`
    : `${clock(Math.floor(seconds))}${(seconds % 1).toFixed(1).slice(1)}`

/** Minutes and seconds, and hours where there are any. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}
