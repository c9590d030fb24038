/**
 * What an episode will take, said before it begins: minutes of its user's allowance, who will be paid, room and time. Hides
 * how each is known. What a vendor will charge is reckoned by a list price of a day that is said: lists change.
 */
import type { Knex } from 'knex'
import type { Config } from '../config.ts'
import { providerKeys } from '../db/provider-keys.ts'
import { runLike } from '../db/run-costs.ts'
import { Permanent } from '../errors.ts'
import { chooseProviders } from '../providers/choose.ts'
import type { Template } from '../settings/settings.ts'
import { allowances } from './quota.ts'

export interface Quote {
  /** Of the recording; null where its length is not known before it is there. */
  readonly minutes: number | null
  /** Left in this month; null without a limit. */
  readonly minutesLeft: number | null
  /** Who is paid for transcribing it; null when nobody is. */
  readonly transcribedBy: PaidRecogniser | null
  /** Who is paid for proposing notes of it; null when nobody is. */
  readonly notedBy: string | null
  /** Room for what is worked with, which goes some time after the episode is finished. */
  readonly roomBytes: number
  /** By the run here that is nearest in length; null before there was one. */
  readonly seconds: number | null
}

export interface PaidRecogniser {
  readonly provider: string
  /** Where its price list is; null where none is known. */
  readonly priceList: string | null
  /** By the list of `listedIn`; null for a model of another name, a server of one's own, or an unknown length. */
  readonly usd: number | null
  /** A month, as 2026-03. */
  readonly listedIn: string | null
}

export interface Quoted {
  readonly userId: string
  /** Of the recording; null where nobody knows. */
  readonly seconds: number | null
  readonly bytes: number
  readonly hasWords: boolean
  readonly template: Template
}

/** Decoded sound, chunks and the finished files take so much of what was recorded as FLAC; a small recording little. */
const roomFactor = 8
const leastRoomBytes = 100e6

/** What is worked with beside recordings of so many bytes. */
export const roomFor = (bytes: number): number => leastRoomBytes + roomFactor * bytes

interface PriceList {
  readonly address: string
  /** An hour of sound with the model that is used when none is named, paid as one goes. */
  readonly usdPerHour: number
  readonly listedIn: string
}

/** As the vendors' own pages, or comparisons that name their day, had them. */
const priceLists: Readonly<Partial<Record<string, PriceList>>> = {
  assemblyai: { address: 'https://www.assemblyai.com/pricing', usdPerHour: 0.37, listedIn: '2026-03' },
  deepgram: { address: 'https://deepgram.com/pricing', usdPerHour: 0.258, listedIn: '2025-06' },
  elevenlabs: { address: 'https://elevenlabs.io/pricing/api', usdPerHour: 0.4, listedIn: '2025-04' },
  openai: { address: 'https://openai.com/api/pricing', usdPerHour: 0.36, listedIn: '2026-06' },
}

/** Where OpenAI's prices are those that are paid. */
const openAi = 'https://api.openai.com'

export async function quote(
  db: Knex,
  config: Pick<Config, 'quotas' | 'providers'>,
  { userId, seconds, bytes, hasWords, template }: Quoted,
): Promise<Quote> {
  const month = (await allowances(db, config, userId)).find(
    ({ kind, period }) => kind === 'minutes' && period === 'month',
  )
  const like = seconds === null || seconds <= 0 ? undefined : await runLike(db, seconds)
  const recogniser = await recogniserOf(db, userId, template, hasWords)
  return {
    minutes: seconds === null ? null : Math.round(seconds / 6) / 10,
    minutesLeft: month === undefined ? null : Math.max(0, Math.floor(month.most - month.used)),
    transcribedBy:
      recogniser === null ? null : paid(recogniser, config, template.transcription.model, seconds),
    notedBy: template.notes.provider ?? null,
    roomBytes: roomFor(bytes),
    seconds:
      like === undefined
        ? null
        : Math.round(like.elapsedSeconds * Math.max(1, seconds! / like.recordedSeconds)),
  }
}

function paid(
  provider: string,
  { providers }: Pick<Config, 'providers'>,
  model: string | undefined,
  seconds: number | null,
): PaidRecogniser {
  const isOwnServer = provider === 'openai' && !providers.urls.openai.startsWith(openAi)
  const list = isOwnServer ? undefined : priceLists[provider]
  const isKnown = list !== undefined && model === undefined && seconds !== null
  return {
    provider,
    priceList: list?.address ?? null,
    usd: isKnown ? Math.round((list.usdPerHour * seconds) / 36) / 100 : null,
    listedIn: isKnown ? list.listedIn : null,
  }
}

/** A provider without its key is one of the faults, not a part of the quote. */
async function recogniserOf(
  db: Knex,
  userId: string,
  template: Template,
  hasWords: boolean,
): Promise<string | null> {
  try {
    return chooseProviders(template, hasWords, await providerKeys(db, userId)).recogniser
  } catch (error) {
    if (error instanceof Permanent) return null
    throw error
  }
}
