/**
 * The files of a finished episode: what each is called, its media type, and whether listeners get it. Hides
 * that storing one twice is storing it once.
 */
import { episodeName } from '../objects.ts'
import type { ObjectName, ObjectStore } from '../storage.ts'

interface Kind {
  readonly type: string
  /** Listeners get it; the rest stays with the producer. */
  readonly isPublic: boolean
}

export const deliverables = {
  'episode.mp3': { type: 'audio/mpeg', isPublic: true },
  'transcript.vtt': { type: 'text/vtt; charset=utf-8', isPublic: true },
  'transcript.srt': { type: 'application/x-subrip; charset=utf-8', isPublic: true },
  'transcript.json': { type: 'application/json', isPublic: true },
  'transcript.txt': { type: 'text/plain; charset=utf-8', isPublic: true },
  'chapters.json': { type: 'application/json+chapters', isPublic: true },
  'edits.json': { type: 'application/json', isPublic: false },
  'timeline.json': { type: 'application/json', isPublic: false },
  'certificate.json': { type: 'application/json', isPublic: false },
  'manifest.json': { type: 'application/json', isPublic: false },
  'review.html': { type: 'text/html; charset=utf-8', isPublic: false },
  'cover.jpg': { type: 'image/jpeg', isPublic: true },
} as const satisfies Record<string, Kind>

export type DeliverableName = keyof typeof deliverables

export const isDeliverable = (file: string): file is DeliverableName => Object.hasOwn(deliverables, file)

/** One file of an episode: its bytes, all at once or in pieces, or the object they are copied from. */
export interface Deliverable {
  readonly file: DeliverableName
  readonly data: string | Buffer | AsyncIterable<Buffer> | { readonly copyOf: ObjectName }
}

/** Stores an episode's files beside one another; `hash` stands for everything they were made of. */
export async function storeDeliverables(
  storage: ObjectStore,
  { bucket, episodeId, hash }: { bucket: string; episodeId: string; hash: string },
  files: readonly Deliverable[],
): Promise<void> {
  for (const { file, data } of files) {
    const target = { bucket, name: episodeName(episodeId, hash, file) }
    if (typeof data === 'object' && 'copyOf' in data) await storage.copy(data.copyOf, target)
    else await storage.create(target, data, deliverables[file].type)
  }
}
