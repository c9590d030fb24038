/** What an episode will take, and what it took, in a line each. */
import type { RunCosts } from '../../shared/db/run-costs.ts'
import type { Quote } from '../../shared/episode/quote.ts'

/** In a line. */
export function describeQuote({
  minutes,
  minutesLeft,
  transcribedBy,
  notedBy,
  roomBytes,
  seconds,
}: Quote): string {
  const parts = [
    minutes === null ? 'a recording that does not say its length' : `${minutes} min of recording`,
    ...(minutes !== null && minutesLeft !== null && minutes > minutesLeft
      ? [`of ${minutesLeft} left this month`]
      : []),
    ...(transcribedBy === null && notedBy === null ? ['nobody is paid'] : []),
    ...(transcribedBy === null
      ? []
      : [`${transcribedBy.provider} transcribes it, ${priceOf(transcribedBy)}`]),
    ...(notedBy === null ? [] : [`${notedBy} reads its transcript for notes, at its own price`]),
    `about ${size(roomBytes)} of room`,
    seconds === null ? 'how long it takes is known after the first one' : `about ${duration(seconds)}`,
  ]
  return `Quote     ${parts.join(', ')}\n`
}

function priceOf({ usd, listedIn, priceList }: NonNullable<Quote['transcribedBy']>): string {
  const price = usd === null ? 'at its own price' : `about $${usd.toFixed(2)} by its list of ${listedIn}`
  return priceList === null ? price : `${price} (today's: ${priceList})`
}

/** In a line, as what it was and what was paid. */
export function describeReceipt({ elapsedSeconds, workSeconds, made, parts, paid }: RunCosts): string {
  const payment =
    paid.length === 0
      ? 'nobody was paid'
      : paid
          .map(({ provider, calls }) => `${provider} was paid for ${calls} call${calls === 1 ? '' : 's'}`)
          .join(', ')
  return `${duration(elapsedSeconds)}, ${workSeconds.toFixed(1)} s of computing, ${made} of ${parts} parts made; ${payment}`
}

const size = (bytes: number): string =>
  bytes < 1e9 ? `${Math.ceil(bytes / 1e7) * 10} MB` : `${(bytes / 1e9).toFixed(1)} GB`

const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`
