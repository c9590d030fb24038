/**
 * A range of an object by one plain request, straight to where its bytes are wanted. Hides address and credentials of that
 * request: through the client every 64 kB pass half a dozen streams, which costs twice as much as all the rest of reading.
 */
import { get as getOverHttp, type IncomingMessage } from 'node:http'
import { get as getOverHttps } from 'node:https'
import type { File } from '@google-cloud/storage'
import { spent } from './spent.ts'
import type { ByteRange } from './storage-objects.ts'

/** A store that says nothing for so long has gone. */
const silenceMs = 60_000

/**
 * Puts the bytes at the front of `into` and returns as many as came. Undefined where anything is unusual, be it a refusal, a
 * store that is busy or a connection that broke: the client is to be asked then, which knows what may be repeated.
 */
export async function readRange(file: File, range: ByteRange, into: Buffer): Promise<Buffer | undefined> {
  const address = addressOf(file)
  const headers = { ...(await credentialsFor(file)), range: `bytes=${range.start}-${range.end - 1}` }
  return await new Promise((resolve) => {
    const giveUp = (): void => resolve(undefined)
    const get = address.protocol === 'https:' ? getOverHttps : getOverHttp
    const request = get(address, { headers, timeout: silenceMs }, (answer) => {
      gather(answer, into).then(resolve, giveUp)
    })
    request.on('error', giveUp).on('timeout', () => request.destroy())
  })
}

function addressOf({ storage, bucket, name, generation }: File): URL {
  const pinned = generation === undefined ? '' : `&generation=${generation}`
  const object = `b/${encodeURIComponent(bucket.name)}/o/${encodeURIComponent(name)}`
  return new URL(`${storage.baseUrl}/${object}?alt=media${pinned}`)
}

/** An endpoint of one's own is asked without, as the client asks it. */
const credentialsFor = async ({ storage }: File): Promise<Record<string, string>> =>
  storage.customEndpoint ? {} : Object.fromEntries(await storage.authClient.getRequestHeaders())

/** Rejects unless it is the range as it is stored, to its end. */
async function gather(answer: IncomingMessage, into: Buffer): Promise<Buffer> {
  if (answer.statusCode !== 206 || answer.headers['content-encoding'] !== undefined) {
    answer.resume() // the connection may be used again
    throw new Error(`Not the range, but an answer with status ${answer.statusCode}.`)
  }
  let filled = 0
  answer.on('data', (piece: Buffer) => {
    spent(piece.length)
    if (filled + piece.length > into.length) return void answer.destroy() // not what was asked for
    into.set(piece, filled)
    filled += piece.length
  })
  await new Promise<void>((resolve, reject) =>
    answer
      .on('end', resolve)
      .on('error', reject)
      .on('close', () => reject(new Error('It broke off.'))),
  )
  return filled < into.length ? into.subarray(0, filled) : into
}
