/**
 * A vendor in memory that charges for what it accepts. Hides when its answer is lost: whoever asked does not know then
 * whether it was accepted.
 */
import { between } from '../../shared/boundaries.ts'
import { VendorError } from '../../shared/providers/vendor-failure.ts'
import type { VendorResult } from '../../shared/providers/vendor.ts'

export interface VendorInMemory {
  readonly submit: (forWhat: string, callId: string) => Promise<VendorResult<string>>
  readonly find: (forWhat: string) => Promise<string | undefined>
  readonly poll: (reference: string) => Promise<VendorResult<string>>
  /** What was charged for, once for each time. */
  readonly charges: readonly string[]
}

/** `looksUp`: whether it can be asked for a call that may have been accepted. */
export function vendorInMemory({ looksUp }: { readonly looksUp: boolean }): VendorInMemory {
  const charges: string[] = []
  return {
    charges,
    submit: async (forWhat, callId) => {
      try {
        await between('vendor.call', callId, () => void charges.push(forWhat))
      } catch (cause) {
        throw new VendorError('No answer came.', { kind: 'unclear', code: 'provider_unclear', cause })
      }
      return { state: 'done', result: forWhat }
    },
    find: (forWhat) => Promise.resolve(looksUp && charges.includes(forWhat) ? forWhat : undefined),
    poll: (reference) => Promise.resolve({ state: 'done', result: reference }),
  }
}
