/**
 * The files of a finished episode that are read and not heard: transcripts, chapters, edits, timeline, certificate. Hides their
 * formats.
 */
import { toChaptersJson } from '../feed/chapters.ts'
import { captionWords, toPlainText, toSrt, toTranscriptJson, toVtt } from '../words/captions.ts'
import type { Deliverable } from './deliverables.ts'
import type { Parts } from './finished-parts.ts'

/** Every deliverable but the audio, the manifest, which names them, and the review page. */
export function documents(
  { timeline, edits, transcript, chapters, cover }: Parts,
  certificate: object,
): Deliverable[] {
  const words = captionWords(transcript, timeline)
  const transcripts: Deliverable[] = [
    { file: 'transcript.vtt', data: toVtt(words) },
    { file: 'transcript.srt', data: toSrt(words) },
    { file: 'transcript.json', data: toTranscriptJson(words) },
    { file: 'transcript.txt', data: toPlainText(words) },
  ]
  return [
    { file: 'chapters.json', data: toChaptersJson(chapters) },
    { file: 'edits.json', data: pretty(edits) },
    { file: 'timeline.json', data: pretty(timeline) },
    { file: 'certificate.json', data: pretty(certificate) },
    ...(words.length > 0 ? transcripts : []),
    ...(cover ? [{ file: 'cover.jpg' as const, data: cover }] : []),
  ]
}

export const pretty = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`
