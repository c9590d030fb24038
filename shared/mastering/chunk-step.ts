/**
 * What the steps `measure` and `render` share: one part per chunk of the timeline, the hash of its input, and
 * loading the timeline and mastering settings.
 */
import type { Knex } from 'knex'
import { fanOut } from '../episode/run-context.ts'
import { settingsOf } from '../db/runs.ts'
import { outputsOf } from '../db/steps.ts'
import { bitrateOf, type RunSettings } from '../settings/settings.ts'
import type { Loudness } from './programme.ts'
import type { Mp3Format } from '../codec/port.ts'

export const chunkParts = fanOut(['chunkCount'], ({ chunkCount }) =>
  Array.from({ length: chunkCount }, (_, chunk) => ({ chunk })),
)

export interface Mastering {
  readonly format: Mp3Format
  readonly loudness: Loudness
}

export const masteringOf = (
  { output, loudness }: Pick<RunSettings, 'output' | 'loudness'>,
  sampleRate: number,
): Mastering => ({
  format: { sampleRate, channels: output.channels === 'mono' ? 1 : 2, bitrateKbps: bitrateOf(output) },
  loudness,
})

export async function loadChunk(
  db: Knex,
  { runId, chunk, sampleRate }: { runId: string; chunk: number; sampleRate: number },
): Promise<Mastering & { chunkHash: string }> {
  const [arranged] = await outputsOf(db, runId, 'arrange')
  return {
    chunkHash: String(arranged!.output['chunkHashes']).split(' ')[chunk]!,
    ...masteringOf(await settingsOf(db, runId), sampleRate),
  }
}
