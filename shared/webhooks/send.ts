/**
 * Sends one event to a webhook, signed as Standard Webhooks has it (https://www.standardwebhooks.com, version 1.0.0), so
 * that whoever receives it can check with any of its libraries that it comes from here.
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { AttemptResult } from '../db/webhooks.ts'
import { isLastAttempt, type DueDelivery } from '../db/webhooks.ts'
import { between } from '../boundaries.ts'
import { codeOf } from '../errors.ts'
import { fetchPublic } from '../public-address.ts'

const secretPrefix = 'whsec_'
const longestAnswerMs = 15_000
/** What is answered is not read, but must come to an end. */
const longestAnswerBytes = 64 * 1024
/** The receiver wants no more of it. */
const goneStatus = 410

export const newSecret = (): string => secretPrefix + randomBytes(32).toString('base64')

/** What a webhook's secret is sealed for. */
export const secretPurpose = (userId: string): string => `webhook secret/${userId}`

/** The value of the header `webhook-signature`. `at`: seconds since 1970. */
export function signature(secret: string, id: string, at: number, body: string): string {
  const key = Buffer.from(secret.slice(secretPrefix.length), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}`
}

/** `secret` is the webhook's own, opened. Never throws: whatever went wrong is the attempt's result. */
export async function send(
  delivery: DueDelivery,
  secret: string,
  allowPrivate: boolean,
): Promise<AttemptResult> {
  const { id, url, event, data, createdAt } = delivery
  const body = JSON.stringify({ type: event, timestamp: createdAt.toISOString(), data })
  const at = Math.floor(Date.now() / 1000)
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-signature': signature(secret, id, at, body),
  }
  const over = isLastAttempt(delivery) ? 'failed' : 'pending'
  try {
    const { status } = await between('webhook.send', id, () =>
      fetchPublic(url, {
        ...{ method: 'POST', headers, body, allowPrivate },
        ...{ timeoutMs: longestAnswerMs, maxBytes: longestAnswerBytes },
      }),
    )
    if (status >= 200 && status < 300) return { status: 'delivered', answer: status, error: null }
    return {
      status: status === goneStatus ? 'failed' : over,
      answer: status,
      error: `It answered ${status}.`,
    }
  } catch (error) {
    const isRefused = codeOf(error) === 'address_refused'
    const message = error instanceof Error ? error.message : String(error)
    return { status: isRefused ? 'failed' : over, answer: null, error: message.slice(0, 500) }
  }
}
