/**
 * What an episode will take, said before it begins: minutes of its user's allowance, who will be paid, room and time. Hides
 * how each is known. A vendor's price is not guessed: it stands at the vendor's address, and changes there.
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
  /** Who is paid for transcribing it, and where their price list is; null when nobody is. */
  readonly transcribedBy: { readonly provider: string; readonly priceList: string | null } | null
  /** Who is paid for proposing notes of it; null when nobody is. */
  readonly notedBy: string | null
  /** Room for what is worked with, which goes some time after the episode is finished. */
  readonly roomBytes: number
  /** By the run here that is nearest in length; null before there was one. */
  readonly seconds: number | null
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

const priceLists: Readonly<Record<string, string>> = {
  assemblyai: 'https://www.assemblyai.com/pricing',
  deepgram: 'https://deepgram.com/pricing',
  elevenlabs: 'https://elevenlabs.io/pricing/api',
}

export async function quote(
  db: Knex,
  config: Pick<Config, 'quotas'>,
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
      recogniser === null ? null : { provider: recogniser, priceList: priceLists[recogniser] ?? null },
    notedBy: template.notes.provider ?? null,
    roomBytes: roomFor(bytes),
    seconds:
      like === undefined
        ? null
        : Math.round(like.elapsedSeconds * Math.max(1, seconds! / like.recordedSeconds)),
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
