/**
 * Makes and checks the address at which a provider calls back when its job is done. Hides the signature in
 * it, which proves that the address is ours; what the vendor signs besides is its adapter's business.
 */
import type { Config } from '../config.ts'
import { openSealer } from './seal.ts'

const subject = (callId: string): string => `callback/${callId}`

/** Where to call back about a paid call; nothing when providers cannot reach us. */
export function callbackFor(
  { providers, sealingKey }: Config,
  callId: string,
): { callbackUrl: string | undefined; callbackSecret: string | undefined } {
  if (providers.callbacksUrl === undefined) return { callbackUrl: undefined, callbackSecret: undefined }
  const signature = openSealer(sealingKey).sign(subject(callId))
  const url = new URL(providers.callbacksUrl)
  url.searchParams.set('call', callId)
  url.searchParams.set('signature', signature)
  return { callbackUrl: url.href, callbackSecret: signature }
}

/** The call an address is about; undefined for an address that we did not make. */
export function callOf({ sealingKey }: Config, query: Readonly<Record<string, unknown>>): string | undefined {
  const { call, signature } = query
  if (typeof call !== 'string' || typeof signature !== 'string') return undefined
  return openSealer(sealingKey).isSigned(subject(call), signature) ? call : undefined
}

export const callbackSecretOf = ({ sealingKey }: Config, callId: string): string =>
  openSealer(sealingKey).sign(subject(callId))
