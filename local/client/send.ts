/**
 * Sends a file of this machine to the bucket, in pieces. Hides where it is remembered how far an upload had come, so that
 * the same command goes on where it was cut off.
 */
import { openAsBlob } from 'node:fs'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { contentRange, readAnswer, sendInPieces } from '../../shared/console/browser/pieces.ts'
import { Permanent } from '../../shared/errors.ts'
import { contentHash } from '../../shared/hash.ts'
import type { Client } from './client.ts'

/** What is sent: a file, or what was made up. */
export type Source = { readonly path: string } | { readonly text: string }

export interface Sending {
  readonly signal: AbortSignal
  /** Bytes of this file that have come. */
  readonly progress: (bytes: number) => void
}

export interface Target {
  readonly podcast: string
  /** Unset: among the podcast's assets. */
  readonly episode?: string
  readonly file: string
}

/** Resolves when all of it has come. Throws Permanent `bad_upload`, `file_too_large`. */
export async function sendFile(
  client: Client,
  memory: Memory,
  target: Target,
  source: Source,
  { signal, progress }: Sending,
): Promise<void> {
  const body = 'path' in source ? await openAsBlob(source.path) : new Blob([source.text])
  const bytes = body.size
  const key = contentHash(JSON.stringify([target, await identityOf(source)]))
  const begin = async () => {
    const asked = { ...target, bytes }
    const { url, expiresAt } = await client.post<{ url: string; expiresAt: string }>('/uploads', asked)
    await memory.keep(key, { url, expiresAt })
    return url
  }
  const put = async (url: string, from: number, to: number) => {
    const headers = { 'content-range': contentRange(from, to, bytes) }
    const response = await fetch(url, { method: 'PUT', headers, body: body.slice(from, to), signal })
    const come = readAnswer(response.status, response.headers.get('range'), bytes)
    await response.body?.cancel()
    if (come === undefined)
      throw new Permanent('bad_upload', `The bucket takes ${target.file} not: it answers ${response.status}.`)
    return come
  }
  const way = {
    ...{ bytes, begin, put, progress, signal },
    pause: (ms: number) => delay(ms, undefined, { signal }),
    waiting: () => undefined,
    isFinal: (error: unknown) => error instanceof Permanent || !(error instanceof TypeError),
  }
  await sendInPieces(way, await memory.urlOf(key))
  await memory.forget(key)
}

/** Whether it is the file that was being sent before. */
async function identityOf(source: Source): Promise<unknown> {
  if ('text' in source) return source.text
  const { size, mtimeMs } = await stat(source.path)
  return [path.resolve(source.path), size, Math.round(mtimeMs)]
}

interface Begun {
  /** A key to the upload: the file that holds it is its owner's alone. */
  readonly url: string
  readonly expiresAt: string
}

export interface Memory {
  urlOf(key: string): Promise<string | undefined>
  keep(key: string, begun: Begun): Promise<void>
  forget(key: string): Promise<void>
}

/** The uploads that were begun, each in a file of its own, so that two commands are not in each other's way. */
export function uploadMemory(stateDir: string): Memory {
  const folder = path.join(stateDir, 'uploads-begun')
  const fileOf = (key: string) => path.join(folder, `${key}.json`)
  return {
    async urlOf(key) {
      try {
        const { url, expiresAt } = JSON.parse(await readFile(fileOf(key), 'utf8')) as Begun
        return new Date(expiresAt) > new Date() ? url : undefined
      } catch {
        return undefined // it costs sending anew
      }
    },
    async keep(key, begun) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(fileOf(key), JSON.stringify(begun), { mode: 0o600 })
    },
    forget: (key) => rm(fileOf(key), { force: true }),
  }
}
