/**
 * Fillers that nobody wrote down: short voiced sounds between the words of a text. Hides how a voice is told from a
 * breath, a click or a chair, and where such a sound is cut.
 */
import { frameSamples, type Analysis, type Span } from '../audio/analysis.ts'
import { isVoiced } from '../alignment/voicing.ts'
import type { Listen } from '../alignment/listen.ts'
import type { UntoldSpan } from '../alignment/refine.ts'
import type { CleaningSettings } from '../settings/cleaning.ts'
import { isBackground } from '../words/hallucinations.ts'
import type { ProposedEdit } from './edits.ts'

/** A shorter sound, by its place among the words, may be a badly said phone; a longer one is speech. */
const shortestSeconds = 0.25
/** So much of it rises above the background: a voice's edges are soft. */
const shortestLoudSeconds = 0.2
const longestSeconds = 1.2
const leastConfidence = 0.5
/** A voice that hesitates does not stop: silence of so many frames parts two sounds. */
const partingFrames = 2
/** The cut stays so far inside the sound, on either side: nothing of a neighbour goes. */
const insideSeconds = 0.01

/** Proposes to cut the untold sounds that are hesitations: at once where the settings say so, else for review. */
export async function hesitationsAmong(
  untold: readonly UntoldSpan[],
  analysis: Analysis,
  { enabled, untold: wanted }: CleaningSettings['fillers'],
  listen: Listen,
): Promise<ProposedEdit[]> {
  if (!enabled || wanted === 'keep') return []
  const { sampleRate } = analysis.format
  const found: ProposedEdit[] = []
  for (const sound of untold) {
    const span = cutOf(sound, analysis)
    if (!span || sound.confidence < leastConfidence) continue
    const seconds = lengthOf(span) / sampleRate
    const isShort =
      lengthOf(sound) < shortestSeconds * sampleRate || seconds + 2 * insideSeconds < shortestLoudSeconds
    if (isShort || !isVoiced(await listen(span), sampleRate)) continue
    found.push({
      ...{ kind: 'filler', ...span, text: '', detector: 'untold', score: sound.confidence },
      ...(wanted === 'cut' ? {} : { status: 'pending' as const }),
      reason: `A sound of ${Math.round(1000 * seconds)} ms that no word of the text explains.`,
    })
  }
  return found
}

/**
 * The hesitation in it, without its outermost edges. Of several sounds with silence between them it is the longest: one
 * beside it may be the end of the word before, behind a plosive.
 */
function cutOf({ startSample, endSample }: UntoldSpan, analysis: Analysis): Span | undefined {
  const sounds = soundsWithin(analysis, startSample, endSample)
  const [first, last] = [sounds[0], sounds.at(-1)]
  if (!first || !last) return undefined
  if (last.endSample - first.startSample > longestSeconds * analysis.format.sampleRate) return undefined
  const longest = sounds.reduce((best, sound) => (lengthOf(best) >= lengthOf(sound) ? best : sound))
  const frame = frameSamples(analysis.format.sampleRate)
  const inside = Math.round(insideSeconds * analysis.format.sampleRate)
  const span = { startSample: longest.startSample + inside, endSample: longest.endSample - inside }
  return lengthOf(span) >= frame ? span : undefined
}

const lengthOf = ({ startSample, endSample }: Span): number => endSample - startSample

/** What rises above the background between two samples; a silence that parts two lasts so long. */
function soundsWithin(analysis: Analysis, startSample: number, endSample: number): Span[] {
  const frame = frameSamples(analysis.format.sampleRate)
  const sounds: Span[] = []
  for (let at = startSample; at < endSample; at += frame) {
    if (isBackground(analysis, at, at + frame - 1)) continue
    const end = Math.min(at + frame, endSample)
    const last = sounds.at(-1)
    if (last && at - last.endSample < partingFrames * frame)
      sounds[sounds.length - 1] = { startSample: last.startSample, endSample: end }
    else sounds.push({ startSample: at, endSample: end })
  }
  return sounds
}
