/**
 * A job as a Spool is told of it before any of it is sent. Hides which files are told of with all they say: those that must
 * agree with a template that lies there; the others have been looked into here.
 */
import { readFile, stat } from 'node:fs/promises'
import { toldWhole } from '../../shared/console/browser/told-whole.ts'
import type { Source } from '../client/send.ts'
import type { JobFile } from './job-files.ts'

export interface AnnouncedJob {
  readonly recordings: readonly { readonly name: string; readonly bytes: number }[]
  readonly beside: readonly { readonly name: string; readonly bytes: number; readonly content?: Buffer }[]
}

export async function announce(files: readonly JobFile[]): Promise<AnnouncedJob> {
  const told = await Promise.all(
    files.map(async ({ kind, file, source }) => ({
      ...{ kind, source, name: file },
      bytes: await bytesOf(source),
    })),
  )
  const whole = toldWhole(told.filter(({ name }) => /^(episode|podcast)\.json$/.test(name)))
  const beside = told
    .filter(({ kind }) => kind === 'sidecar')
    .map(async (one) => ({
      ...{ name: one.name, bytes: one.bytes },
      ...(whole.has(one) ? { content: await contentOf(one.source) } : {}),
    }))
  return {
    recordings: told.filter(({ kind }) => kind === 'recording').map(({ name, bytes }) => ({ name, bytes })),
    beside: await Promise.all(beside),
  }
}

export const bytesOf = async (source: Source): Promise<number> =>
  'path' in source ? (await stat(source.path)).size : Buffer.byteLength(source.text)

const contentOf = async (source: Source): Promise<Buffer> =>
  'path' in source ? await readFile(source.path) : Buffer.from(source.text)
