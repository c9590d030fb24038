/** Asks what stands in the way of an episode, and what it will take, before its recordings are sent. */
import { post, Refused } from '../api.ts'
import { toldWhole } from '../told-whole.ts'
import type { Dropped } from './kinds.ts'

export interface PaidRecogniser {
  readonly provider: string
  readonly priceList: string | null
  readonly usd: number | null
  readonly listedIn: string | null
}

export interface Quote {
  readonly minutes: number | null
  readonly minutesLeft: number | null
  readonly transcribedBy: PaidRecogniser | null
  readonly notedBy: string | null
  readonly roomBytes: number
  readonly seconds: number | null
}
/** A finished episode of that name, made of other recordings. */
export interface Replaced {
  readonly title: string
  readonly isPublished: boolean
  readonly recordings: readonly string[]
}
interface Fault {
  readonly code: string
  readonly message: string
}

export interface Announced {
  readonly podcast: string
  readonly slug: string
  readonly recordings: readonly Pick<Dropped, 'name' | 'file'>[]
  /** What is to lie beside them; undefined: what lies there. */
  readonly beside?: readonly Pick<Dropped, 'name' | 'file'>[]
  /** Together; undefined where the browser cannot tell. */
  readonly seconds?: number | undefined
  readonly withWords?: boolean
}

/** So much of a file tells whether it is sound. */
const headBytes = 4096

async function inBase64(part: Blob): Promise<string> {
  const bytes = new Uint8Array(await part.arrayBuffer())
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

export async function preflight({
  podcast,
  slug,
  recordings,
  beside,
  seconds,
  withWords = false,
}: Announced) {
  const told = recordings.map(async ({ name, file }) => ({
    ...{ file: name, bytes: file.size },
    head: await inBase64(file.slice(0, headBytes)),
  }))
  return await post<{
    faults: readonly Fault[]
    quote: Quote
    replaces: Replaced | null
    waits: boolean
  }>('/preflight', {
    ...{ podcast, episode: slug, withWords },
    recordings: await Promise.all(told),
    ...(beside === undefined ? {} : { beside: await tellOf(beside) }),
    ...(seconds === undefined ? {} : { seconds }),
  })
}

async function tellOf(files: readonly Pick<Dropped, 'name' | 'file'>[]) {
  const sized = files.map(({ name, file }) => ({ name, bytes: file.size, file }))
  const whole = toldWhole(sized)
  const told = sized.map(async (each) => ({
    ...{ file: each.name, bytes: each.bytes },
    ...(whole.has(each) ? { content: await inBase64(each.file) } : {}),
  }))
  return await Promise.all(told)
}

/** Throws Refused with everything that stands in the way, a line each. */
export async function mustBeReady(announced: Announced): Promise<void> {
  const { faults } = await preflight(announced)
  if (faults.length > 0)
    throw new Refused(400, faults[0]!.code, faults.map(({ message }) => message).join('\n'))
}
