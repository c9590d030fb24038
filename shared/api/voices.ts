/**
 * API routes for synthetic voices: which there are to choose from, and how one of them sounds. Hides that a try costs
 * characters where a provider is paid for it, and gives them back when nothing was spoken.
 */
import { randomUUID } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { toWav } from '../audio/wav.ts'
import { withDatabase } from '../db/connect.ts'
import { providerKeys } from '../db/provider-keys.ts'
import { refundEntry } from '../db/usage.ts'
import type { Services } from '../engine/services.ts'
import { charge } from '../episode/quota.ts'
import { Permanent } from '../errors.ts'
import { builtInVoice, openKey } from '../providers/choose.ts'
import { VendorError } from '../providers/vendor-failure.ts'
import type { KnownVoice, Line, VoiceName } from '../providers/voice.ts'
import { voiceNames } from '../settings/segments.ts'
import { once } from './idempotency.ts'
import { changes, jsonBody, reads, type App } from './routes.ts'

const known = z
  .object({
    provider: z.enum(voiceNames),
    hasKey: z
      .boolean()
      .openapi({ description: 'Whether it can be asked: the one that is built in needs no key.' }),
    voices: z.array(z.object({ voice: z.string(), title: z.string() })).readonly(),
    complaint: z.string().nullable().openapi({ description: 'Why the provider did not tell its voices.' }),
  })
  .openapi('Voices')
const mostCharacters = 200
const asked = z
  .strictObject({
    provider: z.enum(voiceNames),
    voice: z.string().min(1).max(100),
    model: z.string().min(1).max(100).optional(),
    text: z.string().trim().min(1).max(mostCharacters),
  })
  .openapi('VoiceTry')
const heard = z
  .object({
    seconds: z.number(),
    wav: z.string().nullable().openapi({
      description: 'A WAV file in base64. Told this once; null when asked for again with the same key.',
    }),
  })
  .openapi('VoiceHeard')

const routes = {
  list: reads('/voices', 'The voices there are to choose from', {}, z.object({ items: z.array(known) })),
  speak: changes(
    '/voices/try',
    `Hear a voice say up to ${mostCharacters} characters; those of a provider count as characters to be spoken`,
    jsonBody(asked),
    heard,
    200,
  ),
}

/** Somebody waits for it. */
const longestListMs = 5_000
const longestTryMs = 30_000

export function addVoices(app: App, { config }: Services): void {
  const { databaseUrl } = config
  const keysOf = async (userId: string): Promise<Record<string, string>> => {
    const keys = await withDatabase(databaseUrl, (db) => providerKeys(db, userId))
    return Object.fromEntries(keys.map(({ provider, sealed }) => [provider, sealed]))
  }
  const open = async (provider: VoiceName, keys: Record<string, string>, userId: string) => {
    const { openVoice } = await import('../providers/voices.ts') // vendors and a synthesiser, for those who ask
    return provider === builtInVoice
      ? openVoice(provider, { baseUrl: '', apiKey: '' })
      : openVoice(provider, {
          baseUrl: config.providers.urls[provider],
          apiKey: openKey(config, keys, userId, provider),
        })
  }

  const voicesOf = async (provider: VoiceName, keys: Record<string, string>, userId: string) => {
    const hasKey = provider === builtInVoice || provider in keys
    const told = { provider, hasKey, voices: [] as readonly KnownVoice[], complaint: null as string | null }
    if (!hasKey) return told
    try {
      const voice = await open(provider, keys, userId)
      return { ...told, voices: await inTime(longestListMs, (signal) => voice.list(signal)) }
    } catch (error) {
      if (!(error instanceof Permanent)) throw error
      return { ...told, complaint: error.message } // the others can be chosen all the same
    }
  }

  /** Throws Permanent `monthly_cap`, and why nothing was spoken; then nothing was charged. */
  const speak = async (userId: string, provider: VoiceName, line: Line) => {
    const voice = await open(provider, provider === builtInVoice ? {} : await keysOf(userId), userId)
    const say = () => inTime(longestTryMs, (signal) => voice.speak(line, signal))
    if (provider === builtInVoice) return await inTurn(say)
    const entry = {
      userId,
      kind: 'characters',
      key: `try/${randomUUID()}`,
      amount: line.text.length,
    } as const
    await withDatabase(databaseUrl, (db) => charge(db, config, { ...entry, runId: null }))
    try {
      return await say()
    } catch (error) {
      await withDatabase(databaseUrl, (db) => db.transaction((trx) => refundEntry(trx, entry)))
      throw error
    }
  }

  app.openapi(routes.list, async (context) => {
    const { userId } = context.var.caller
    const keys = await keysOf(userId)
    const items = await Promise.all(voiceNames.map((provider) => voicesOf(provider, keys, userId)))
    return context.json({ items }, 200)
  })
  app.openapi(routes.speak, async (context) => {
    const { userId } = context.var.caller
    const { provider, ...line } = context.req.valid('json')
    let wav: string | null = null
    // the answer that is kept has no sound in it
    const { status, body } = await once(context, config, userId, async () => {
      const spoken = await speak(userId, provider, line)
      wav = toWav(spoken).toString('base64')
      return { status: 200, body: { seconds: spoken.samples.length / spoken.sampleRate, wav: null } }
    })
    return context.json({ ...body, wav }, status)
  })
}

/** Throws what a provider's failure means to somebody who waits: Permanent with its code, or `provider_timeout`. */
async function inTime<T>(most: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(most)
  try {
    return await ask(signal)
  } catch (error) {
    if (error instanceof VendorError) throw new Permanent(error.code, error.message, { cause: error })
    if (signal.aborted) throw new Permanent('provider_timeout', `Nothing came within ${most / 1000} seconds.`)
    throw error
  }
}

let speaking: Promise<unknown> = Promise.resolve()

/** The synthesiser once at a time: eight at once take 560 MB, and an instance has 512 MiB. */
function inTurn<T>(say: () => Promise<T>): Promise<T> {
  const spoken = speaking.then(say)
  speaking = spoken.catch(() => undefined)
  return spoken
}
