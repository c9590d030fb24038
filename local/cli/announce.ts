/**
 * A job as a Spool is told of it before any of it is sent. Hides which files are told of with all they say: its documents, since what
 * they say must agree with what was said of the episode before; the others have been looked into here.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { toldWhole } from '../../shared/console/browser/told-whole.ts'
import { templateFile } from '../../shared/objects.ts'
import type { Source } from '../client/send.ts'
import type { JobFile } from './job-files.ts'

export interface AnnouncedJob {
  readonly recordings: readonly AnnouncedRecording[]
  readonly beside: readonly { readonly name: string; readonly bytes: number; readonly content?: Buffer }[]
}

export interface AnnouncedRecording {
  readonly name: string
  readonly bytes: number
  /** Of its content, in base64; reads all of it. */
  readonly md5: () => Promise<string>
}

export async function announce(files: readonly JobFile[]): Promise<AnnouncedJob> {
  const told = await Promise.all(
    files.map(async ({ kind, file, source }) => ({
      ...{ kind, source, name: file },
      bytes: await bytesOf(source),
    })),
  )
  const whole = toldWhole(told.filter(({ name }) => /^(episode|podcast|template)\.json$/.test(name)))
  const beside = told
    // one that becomes the show's is the one this episode is made by
    .filter(({ kind, name }) => kind === 'sidecar' || name === templateFile)
    .map(async (one) => ({
      ...{ name: one.name, bytes: one.bytes },
      ...(whole.has(one) ? { content: await contentOf(one.source) } : {}),
    }))
  return {
    recordings: told
      .filter(({ kind }) => kind === 'recording')
      .map(({ name, bytes, source }) => ({ name, bytes, md5: () => md5Of(piecesOf(source)) })),
    beside: await Promise.all(beside),
  }
}

export const bytesOf = async (source: Source): Promise<number> =>
  'path' in source ? (await stat(source.path)).size : Buffer.byteLength(source.text)

export async function md5Of(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const hash = createHash('md5')
  for await (const piece of pieces) hash.update(piece)
  return hash.digest('base64')
}

export const piecesOf = (source: Source): AsyncIterable<Uint8Array> | Iterable<Uint8Array> =>
  'path' in source ? createReadStream(source.path) : [Buffer.from(source.text)]

const contentOf = async (source: Source): Promise<Buffer> =>
  'path' in source ? await readFile(source.path) : Buffer.from(source.text)
