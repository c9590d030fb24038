/**
 * Delivers the event that an object was finalized to its receivers: CloudEvents in binary mode, as Eventarc
 * sends them, at least once. An event is a file before its object exists and until a receiver has answered
 * 2xx, so no restart loses one.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { objectResource, type ObjectRecord } from './object-resource.ts'

export interface Notification {
  bucket: string
  url: string
  /** The OIDC token's audience; the URL when not given. */
  audience?: string
}

export interface OutboxOptions {
  dir: string
  notifications: readonly Notification[]
  sign?: ((claims: { audience: string; email: string }) => Promise<string>) | undefined
  serviceAccountEmail: string
  origin: () => string
  now: () => number
}

export type Outbox = ReturnType<typeof openOutbox>

const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 10_000
const RETENTION_MS = 24 * 3_600_000
const ANSWER_LIMIT_MS = 600_000

interface PendingEvent {
  bucket: string
  name: string
  generation: string
  timeMs: number
  data: unknown
}

export function openOutbox(options: OutboxOptions) {
  const { dir, notifications, now } = options
  const closing = new AbortController()
  const deliveries = new Set<Promise<void>>()
  mkdirSync(dir, { recursive: true })

  // One file per event and receiver, named generation.receiver: the URL is looked up anew, for ports change
  // between starts.
  const filesFor = ({ bucket, generation }: ObjectRecord) =>
    notifications.flatMap((notification, receiver) =>
      notification.bucket === bucket ? [`${generation}.${receiver}.json`] : [],
    )

  async function deliver(file: string): Promise<void> {
    const event = JSON.parse(readFileSync(join(dir, file), 'utf8')) as PendingEvent
    const notification = notifications[Number(file.split('.')[1])]
    for (
      let waitMs = FIRST_RETRY_MS;
      notification && now() - event.timeMs < RETENTION_MS;
      waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)
    ) {
      if (await post(event, notification, options, closing.signal)) break
      await delay(waitMs, undefined, { signal: closing.signal })
    }
    rmSync(join(dir, file), { force: true })
  }

  function begin(file: string): void {
    const delivery: Promise<void> = deliver(file)
      .catch((error: unknown) => {
        if (!closing.signal.aborted)
          process.stderr.write(`spool: the event ${file} could not be delivered: ${String(error)}\n`)
      })
      .finally(() => deliveries.delete(delivery))
    deliveries.add(delivery)
  }

  return {
    store(record: ObjectRecord): void {
      const { bucket, name, generation } = record
      const event: PendingEvent = {
        bucket,
        name,
        generation,
        timeMs: now(),
        data: objectResource(record, options.origin()),
      }
      for (const file of filesFor(record)) writeFileSync(join(dir, file), JSON.stringify(event))
    },

    discard(generation: string): void {
      for (const file of readdirSync(dir)) if (file.startsWith(`${generation}.`)) rmSync(join(dir, file))
    },

    send(record: ObjectRecord): void {
      filesFor(record).forEach(begin)
    },

    /** Resumes what an earlier process left undelivered. */
    start(): void {
      readdirSync(dir).forEach(begin)
    },

    async close(): Promise<void> {
      closing.abort()
      await Promise.all(deliveries)
    },
  }
}

/**
 * True when the receiver took the event. The id stays the same over every attempt: (source, id) is how
 * receivers tell a duplicate.
 */
async function post(
  event: PendingEvent,
  { url, audience }: Notification,
  options: OutboxOptions,
  closing: AbortSignal,
): Promise<boolean> {
  const signal = AbortSignal.any([closing, AbortSignal.timeout(ANSWER_LIMIT_MS)])
  try {
    const token = await options.sign?.({ audience: audience ?? url, email: options.serviceAccountEmail })
    const headers = {
      'content-type': 'application/json',
      'ce-id': event.generation,
      'ce-source': `//storage.googleapis.com/projects/_/buckets/${event.bucket}`,
      'ce-type': 'google.cloud.storage.object.v1.finalized',
      'ce-subject': `objects/${encodeHeader(event.name)}`,
      'ce-specversion': '1.0',
      'ce-time': new Date(event.timeMs).toISOString(),
      ...(token && { authorization: `Bearer ${token}` }),
    }
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(event.data), signal })
    await answer.body?.cancel()
    return answer.ok
  } catch {
    // nobody listening, a broken connection, a signer that is not up: the same as any other refusal
    return false
  }
}

/**
 * CloudEvents' HTTP binding: characters outside printable ASCII, space, quote and percent go percent-encoded
 * as UTF-8.
 */
const encodeHeader = (value: string) => value.replace(/[^\x21\x23\x24\x26-\x7e]+/gu, encodeURIComponent)
