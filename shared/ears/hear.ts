/**
 * Hears what is said in a span of a recording: in pieces that models like, cut where it is quiet, one after the other.
 * Hides where pieces begin, and that silence is nobody's words.
 */
import type { Listen } from '../alignment/listen.ts'
import type { Analysis, Span } from '../audio/analysis.ts'
import type { Recognised, RecognisedWord } from '../providers/recogniser.ts'
import { partOf } from '../providers/slices.ts'
import { wordsOf, type Heard } from './heard-words.ts'
import type { Listener } from './listener.ts'

/** Whisper's window is 30 s, and Parakeet's memory grows with the square of a piece. */
const pieceSeconds = 20
/** A boundary is moved to the quietest moment this near. */
const reachSeconds = 4

/** The span in pieces of at most 28 s. */
export function piecesOf(analysis: Analysis, span: Span): Span[] {
  const length = span.endSample - span.startSample
  const count = Math.max(1, Math.ceil(length / (pieceSeconds * analysis.format.sampleRate)))
  return Array.from({ length: count }, (_, piece) => partOf(analysis, span, piece, count, reachSeconds))
}

/**
 * The words in the span, their times in seconds from its beginning. Where the model gives no times, each piece is a
 * caption. Throws what the listener throws.
 */
export async function hearSpan(
  analysis: Analysis,
  span: Span,
  listen: Listen,
  listener: Pick<Listener, 'hear'>,
  progress: (share: number) => void,
): Promise<Recognised> {
  const { sampleRate } = analysis.format
  const pieces = piecesOf(analysis, span)
  const heard: (Heard & { readonly offset: number })[] = []
  for (const [i, piece] of pieces.entries()) {
    progress(i / pieces.length)
    if (!isSpokenIn(analysis, piece)) continue
    const samples = await listen(piece)
    const offset = (piece.startSample - span.startSample) / sampleRate
    heard.push({ ...wordsOf(await listener.hear(samples, sampleRate), samples.length / sampleRate), offset })
  }
  const hasTimes = heard.every((piece) => piece.hasTimes)
  return {
    language: heard.find(({ language }) => language !== null)?.language ?? null,
    words: heard.flatMap(({ words, offset }, i) =>
      words.map((word): RecognisedWord => ({
        ...word,
        ...{ start: word.start + offset, end: word.end + offset },
        ...(hasTimes ? {} : { cue: i + 1 }),
      })),
    ),
  }
}

const isSpokenIn = ({ speech }: Analysis, { startSample, endSample }: Span): boolean =>
  speech.some((span) => span.startSample < endSample && span.endSample > startSample)
