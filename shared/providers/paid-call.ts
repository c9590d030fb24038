/**
 * Makes a request that costs money so that it is not paid for twice unknowingly. A row is written before the
 * request is sent: what was clearly refused is sent again; what may or may not have been accepted is looked
 * up at the vendor, or repeated a single time with a warning. Hides the waiting too: a vendor that is slow,
 * busy or unreachable puts the step off, until the deadline.
 */
import { Deferred, Permanent } from '../errors.ts'
import { markSending, openPaidCall, settlePaidCall, type PaidCall } from '../db/paid-calls.ts'
import { lockRun } from '../db/runs.ts'
import type { Identity, Tools } from '../engine/step.ts'
import type { VendorResult } from './vendor.ts'
import { VendorError } from './vendor-failure.ts'

export interface Purchase<T, S> {
  readonly provider: string
  /**
   * The result that an earlier attempt kept, whole; undefined when there is none. What was bought a second time, since
   * the first was lost, need not be the same: `copy` tells them apart, from 1 on.
   */
  readonly recall: (copy: number) => Promise<S | undefined>
  /** Asks and pays. `callId` is our name for the call. */
  readonly submit: (callId: string) => Promise<VendorResult<T>>
  readonly poll?: (reference: string) => Promise<VendorResult<T>>
  /** Looks at the vendor for a call that may have been accepted though no answer came. */
  readonly find?: () => Promise<string | undefined>
  /** Stores the result where `recall` finds it. */
  readonly keep: (result: T, copy: number) => Promise<S>
}

/** An attempt that is still sending is left alone for this long; its vendor calls time out before. */
const sendingMs = 15 * 60_000
/** A vendor is asked after a quarter of the time it has had already, within these. */
const soonestPollMs = 3_000
const latestPollMs = 60_000
/** A vendor that is away is tried again after half the time it has been away, within these. */
const soonestRetryMs = 5_000
const latestRetryMs = 10 * 60_000
/** How often an unclear call is sent in all. */
const mostSends = 2

/**
 * Throws Deferred while there is nothing yet, Permanent with the vendor's own message when there never will
 * be.
 */
export async function payOnce<T, S>(
  tools: Tools,
  identity: Identity,
  step: string,
  purchase: Purchase<T, S>,
): Promise<S> {
  const { userId, runId, part } = identity
  const call = await tools.withDatabase((db) =>
    openPaidCall(db, { userId, runId, step, part, provider: purchase.provider, callKey: tools.inputKey }),
  )
  // after the row was seen: whoever marked it done had kept the result before
  const kept = await purchase.recall(Math.max(1, call.sends))
  if (kept !== undefined) {
    await finish(tools, call)
    return kept
  }
  const { answer, copy } = await nextResult(tools, call, purchase)
  if (answer.state === 'waiting')
    throw later(tools, `${purchase.provider} is still at work.`, pollDelay(tools), 'provider_timeout')
  const result = await purchase.keep(answer.result, copy)
  await finish(tools, call)
  return result
}

/** A call that was sent twice may have been paid twice: its owner is told when the result is there. */
async function finish(tools: Tools, call: PaidCall): Promise<void> {
  const sends = await settle(tools, call, { status: 'done' })
  if (sends > 1) {
    tools.warn({
      code: 'possible_double_charge',
      message:
        `A request to ${call.provider} was lost on its way, or what it brought was lost since, and was sent again; ` +
        'it may have been charged twice.',
    })
  }
}

/** A vendor's answer, and which copy of the result it is. */
interface Answered<T> {
  readonly answer: VendorResult<T>
  readonly copy: number
}

const had = <T>({ sends }: PaidCall, answer: VendorResult<T>): Answered<T> => ({
  answer,
  copy: Math.max(1, sends),
})

async function nextResult<T, S>(
  tools: Tools,
  call: PaidCall,
  purchase: Purchase<T, S>,
): Promise<Answered<T>> {
  switch (call.status) {
    case 'waiting':
      return had(call, await poll(tools, call, call.reference!, purchase))
    case 'sent':
      if (Date.now() - call.sentAt!.getTime() < sendingMs)
        throw new Deferred(new Date(Date.now() + soonestRetryMs)) // another attempt is sending it
      return await resolveUnclear(tools, call, purchase)
    case 'unclear':
      return await resolveUnclear(tools, call, purchase)
    case 'done': {
      const again = await fetchAgain(tools, call, purchase)
      return again ? had(call, again) : await send(tools, call, purchase)
    }
    default:
      return await send(tools, call, purchase)
  }
}

async function send<T, S>(tools: Tools, call: PaidCall, purchase: Purchase<T, S>): Promise<Answered<T>> {
  if (!(await mayNowSend(tools, call))) throw new Deferred(new Date(Date.now() + soonestRetryMs))
  try {
    const answer = await purchase.submit(call.id)
    if (answer.state === 'waiting')
      await settle(tools, call, { status: 'waiting', reference: answer.reference })
    return { answer, copy: call.sends + 1 }
  } catch (error) {
    if (error instanceof Permanent)
      // refused before it was sent
      await settle(tools, call, { status: 'intended', error: error.message, unsent: true })
    if (!(error instanceof VendorError)) throw error
    switch (error.kind) {
      case 'refused':
        await settle(tools, call, { status: 'failed', error: error.message, unsent: true })
        throw new Permanent(error.code, error.message, { cause: error })
      case 'later':
        await settle(tools, call, { status: 'intended', error: error.message, unsent: true })
        throw later(tools, error.message, error.retryAfterMs ?? retryDelay(tools), 'provider_unavailable')
      case 'unclear':
        await settle(tools, call, { status: 'unclear', error: error.message })
        throw later(tools, error.message, error.retryAfterMs ?? soonestRetryMs, 'provider_unclear')
    }
  }
}

/**
 * Notes that the call is about to be sent. Not for an attempt that has lost its step: of what it pays for a second time
 * nobody would be told. The run's row is locked so that it cannot be lost in between.
 */
const mayNowSend = (tools: Tools, call: PaidCall): Promise<boolean> =>
  tools.withDatabase((db) =>
    db.transaction(async (trx) => {
      await lockRun(trx, call.runId)
      return (await tools.stillHolds(trx)) && (await markSending(trx, call))
    }),
  )

/** Nobody knows whether the vendor took the call: first it is asked, then the call is repeated once. */
async function resolveUnclear<T, S>(
  tools: Tools,
  call: PaidCall,
  purchase: Purchase<T, S>,
): Promise<Answered<T>> {
  const { find } = purchase
  const reference = find && (await free(tools, call, find))
  if (reference !== undefined) {
    await settle(tools, call, { status: 'waiting', reference })
    return had(call, await poll(tools, call, reference, purchase))
  }
  if (call.sends >= mostSends) {
    await settle(tools, call, { status: 'failed', error: 'unclear twice' })
    throw new Permanent(
      'provider_unclear',
      `${purchase.provider} was asked ${call.sends} times and no answer arrived. ${call.error ?? ''}`.trim(),
    )
  }
  return await send(tools, call, purchase)
}

/**
 * What was paid for and has been lost here may still be had at the vendor; undefined where it cannot, and then it is
 * bought anew.
 */
async function fetchAgain<T, S>(
  tools: Tools,
  call: PaidCall,
  { poll: askFor, find }: Purchase<T, S>,
): Promise<VendorResult<T> | undefined> {
  try {
    const reference = call.reference ?? (await find?.())
    const answer = reference === undefined ? undefined : await askFor?.(reference)
    return answer?.state === 'done' ? answer : undefined
  } catch (error) {
    if (error instanceof VendorError && error.kind === 'refused' && !asksForAnotherKey(error))
      return undefined
    throw refusalOf(tools, error)
  }
}

/** A key that is refused says nothing of the job: it is paid for, and a better key will fetch it. */
const asksForAnotherKey = ({ code }: VendorError): boolean =>
  code === 'provider_key_refused' || code === 'provider_unpaid'

/** What a free question that failed means: come back later, or never. */
const refusalOf = (tools: Tools, error: unknown): unknown => {
  if (!(error instanceof VendorError)) return error
  return error.kind === 'refused'
    ? new Permanent(error.code, error.message, { cause: error })
    : later(tools, error.message, error.retryAfterMs ?? retryDelay(tools), 'provider_unavailable')
}

async function poll<T, S>(
  tools: Tools,
  call: PaidCall,
  reference: string,
  purchase: Purchase<T, S>,
): Promise<VendorResult<T>> {
  const { poll: askAgain } = purchase
  if (!askAgain) return { state: 'waiting', reference } // it will call back
  return await free(tools, call, () => askAgain(reference))
}

/** A question that costs nothing may be asked again at any time. */
async function free<R>(tools: Tools, call: PaidCall, ask: () => Promise<R>): Promise<R> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof VendorError && error.kind === 'refused' && !asksForAnotherKey(error))
      await settle(tools, call, { status: 'failed', error: error.message })
    throw refusalOf(tools, error)
  }
}

const settle = (
  tools: Tools,
  { id }: PaidCall,
  outcome: Parameters<typeof settlePaidCall>[2],
): Promise<number> => tools.withDatabase((db) => settlePaidCall(db, id, outcome))

const waitedMs = ({ since }: Tools): number => Math.max(0, Date.now() - since.getTime())
const within = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value))
const pollDelay = (tools: Tools): number => within(soonestPollMs, waitedMs(tools) / 4, latestPollMs)
const retryDelay = (tools: Tools): number => within(soonestRetryMs, waitedMs(tools) / 2, latestRetryMs)

/**
 * Puts the step off, or ends it when the deadline would pass meanwhile. What the vendor was asked for stays:
 * a new run asks for it again.
 */
function later(
  tools: Tools,
  message: string,
  delayMs: number,
  code: 'provider_timeout' | 'provider_unavailable' | 'provider_unclear',
): Deferred | Permanent {
  const { deadlineMs } = tools.config.providers
  if (waitedMs(tools) < deadlineMs)
    return new Deferred(new Date(Date.now() + Math.min(delayMs, deadlineMs)), message)
  return new Permanent(
    code,
    `${message} It was waited for ${Math.round(deadlineMs / 60_000)} minutes; ` +
      'start the episode again to go on waiting.',
  )
}
