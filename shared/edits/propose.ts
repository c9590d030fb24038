/**
 * Proposes all edits of a recording by running every detector. Hides which words must be aligned to the sound
 * first, the order of the detectors, and what one needs of another: a pause is what is left once everything
 * else is gone.
 */
import type { Analysis, Span } from '../audio/analysis.ts'
import type { Listen } from '../alignment/listen.ts'
import type { CleaningSettings } from '../settings/cleaning.ts'
import type { EditKind } from '../settings/edit-kinds.ts'
import { alignWords, type AlignedTranscript } from '../alignment/alignment.ts'
import { detectCensored } from './censor.ts'
import { detectCuts } from './cuts.ts'
import { toEditList, type EditList, type ProposedEdit } from './edits.ts'
import { detectFillers, findFillers } from './fillers.ts'
import { detectFlubbers } from './flubber.ts'
import { detectInterns } from './intern.ts'
import { isHesitation } from '../alignment/acoustic-model.ts'
import { detectPauses } from './pauses.ts'
import { detectSounds } from './sfx.ts'
import { detectStutters, findStutters } from './stutters.ts'
import { checkTiming } from '../words/timing.ts'
import type { Transcript, Word } from '../words/words.ts'

/**
 * The transcript with its words aligned to the sound, as far as it matters: fillers, stutters, spoken commands and
 * their neighbours, for `proposeEdits` and for whoever reads along what is left. Unchanged where the sound
 * does not tell. Reads a few seconds around each such word.
 */
export async function alignForEdits(
  transcript: Transcript,
  analysis: Analysis,
  cleaning: CleaningSettings,
  listen: Listen,
): Promise<AlignedTranscript> {
  const { words } = transcript
  const fillers = cleaning.fillers.enabled ? findFillers(transcript, cleaning.fillers) : []
  const stutters = cleaning.stutters === 'off' ? [] : findStutters(transcript, analysis.format.sampleRate)
  const commands = commandsIn(transcript, analysis, cleaning)
  const edges = commands.flatMap(({ startSample, endSample }) => [
    wordAt(words, startSample, 'startSample'),
    wordAt(words, endSample, 'endSample'),
  ])
  const hesitations = fillers
    .filter(({ first, last }) => first === last && isHesitation(words[first]!.text))
    .map(({ first }) => first)
  const wanted = [...[...fillers, ...stutters].flatMap(({ first, last }) => [first, last]), ...edges]
  return alignWords(transcript, analysis, { words: wanted, hesitations: new Set(hesitations) }, listen)
}

/** The word whose edge is nearest to a sample. */
function wordAt(words: readonly Word[], sample: number, edge: 'startSample' | 'endSample'): number {
  let low = 0
  let high = words.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (words[middle]![edge] < sample) low = middle + 1
    else high = middle
  }
  const isBeforeNearer = low > 0 && sample - words[low - 1]![edge] < Math.abs(words[low]![edge] - sample)
  return isBeforeNearer ? low - 1 : low
}

/**
 * Proposals in no order; those that overlap are for `splicesOf` to settle. `transcript` is undefined when
 * nobody transcribed; one from `alignForEdits` lets fillers be cut that run into their neighbours. `hesitations` are what
 * `hesitationsAmong` the untold sounds are.
 */
export function proposeEdits(
  transcript: AlignedTranscript | undefined,
  analysis: Analysis,
  cleaning: CleaningSettings,
  hesitations: readonly ProposedEdit[] = [],
): ProposedEdit[] {
  const commands = [
    ...detectCuts(transcript, analysis, cleaning),
    ...(transcript ? commandsIn(transcript, analysis, cleaning) : []),
  ]
  const timing = transcript && checkTiming(transcript, analysis)
  const told = timing ? detectFillers(transcript, analysis, timing, cleaning.fillers) : []
  const fillers = [...told, ...hesitations.filter((one) => !told.some((filler) => overlaps(filler, one)))]
  const stutters = timing ? detectStutters(transcript, analysis, timing, cleaning.stutters) : []
  const words = [...fillers, ...stutters.filter((one) => !fillers.some((filler) => overlaps(filler, one)))]
  return [...commands, ...words, ...pausesAround(commands, words, transcript, analysis, cleaning.pauses)]
}

type Detector = (transcript: Transcript, analysis: Analysis, cleaning: CleaningSettings) => ProposedEdit[]

/**
 * Who proposes which kind: all kinds but cuts, which need no words, fillers and stutters, which need exact times,
 * and pauses, which look at what is left.
 */
const commandDetectors: Readonly<
  Record<Exclude<EditKind, 'cut' | 'filler' | 'stutter' | 'pause'>, Detector>
> = {
  flubber: detectFlubbers,
  intern: detectInterns,
  sfx: detectSounds,
  censor: (transcript, { format }, cleaning) => detectCensored(transcript, format.sampleRate, cleaning),
}

/** Spoken commands, which are not meant for listeners, and words to be bleeped out. */
const commandsIn: Detector = (...input) =>
  Object.values(commandDetectors).flatMap((detect) => detect(...input))

/** Pauses as they will sound, and those inside a longer edit, for the case that somebody switches it off. */
function pausesAround(
  commands: readonly ProposedEdit[],
  fillers: readonly ProposedEdit[],
  transcript: Transcript | undefined,
  analysis: Analysis,
  settings: CleaningSettings['pauses'],
): ProposedEdit[] {
  const certain = (edits: readonly ProposedEdit[]) => edits.filter(({ status }) => status !== 'pending')
  const removed = certain([...commands, ...fillers]).filter(({ insert }) => !insert)
  const filled = certain(commands).filter(({ insert }) => insert)
  const within = detectPauses(analysis, transcript, certain(fillers), settings).filter((pause) =>
    commands.some((command) => contains(command, pause)),
  )
  return [...detectPauses(analysis, transcript, removed, settings, filled), ...within]
}

const contains = (outer: Span, inner: Span): boolean =>
  outer.startSample <= inner.startSample && inner.endSample <= outer.endSample

/**
 * The edits with other pauses than they have: those that nobody decided on are found anew by other limits, as
 * they will sound beside the rest.
 */
export function withPauses(
  list: EditList,
  transcript: Transcript | undefined,
  analysis: Analysis,
  limits: CleaningSettings['pauses'],
): EditList {
  const kept = list.edits.filter(
    ({ kind, status, accepted }) => kind !== 'pause' || status !== 'applied' || accepted,
  )
  const applied = kept.filter(({ status }) => status === 'applied')
  const removed = applied.filter(({ insert }) => !insert)
  const filled = applied.filter(({ insert }) => insert)
  const declined = kept.filter(({ kind, status }) => kind === 'pause' && status === 'rejected')
  const anew = detectPauses(analysis, transcript, removed, limits, filled).filter(
    (pause) => !declined.some((one) => overlaps(one, pause)),
  )
  const edits = [...kept, ...toEditList(anew, list.sampleRate).edits].sort(
    (a, b) => a.startSample - b.startSample,
  )
  return { ...list, edits }
}

const overlaps = (a: Span, b: Span): boolean => a.startSample < b.endSample && b.startSample < a.endSample
