/** Detects phrases that ask for a sound effect. Hides whether the sound replaces the phrase or follows it. */
import type { Analysis } from '../audio/analysis.ts'
import type { CleaningSettings } from '../settings/cleaning.ts'
import type { ProposedEdit } from './edits.ts'
import { findPhrases } from '../words/phrases.ts'
import { pointAfter, removalOf } from './word-edges.ts'
import type { Transcript } from '../words/words.ts'

/**
 * Proposes each phrase's file, in its place or after it; of two sounds with one phrase the first is meant.
 * Needs exact times.
 */
export function detectSounds(
  { words, exactTimes }: Transcript,
  analysis: Analysis,
  { sfx, matchScore }: Pick<CleaningSettings, 'sfx' | 'matchScore'>,
): ProposedEdit[] {
  if (!exactTimes) return []
  const phrases = sfx.sounds.map(({ phrase }) => phrase)
  return findPhrases(words, phrases, analysis.format.sampleRate, matchScore).map(
    ({ phrase, first, last, score }) => {
      const { file, mode } = sfx.sounds.find((sound) => sound.phrase === phrase)!
      const point = pointAfter(words, last, analysis)
      const place =
        mode === 'replace'
          ? removalOf(words, first, last, analysis)
          : { startSample: point, endSample: point, text: '' }
      return {
        kind: 'sfx',
        ...place,
        detector: 'sounds',
        score,
        reason:
          mode === 'replace'
            ? `"${phrase}" was said; ${file} takes its place.`
            : `"${phrase}" was said; ${file} follows it.`,
        insert: { sound: 'file', file, text: `{${phrase}}` },
      }
    },
  )
}
