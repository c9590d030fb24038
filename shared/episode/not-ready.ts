/** Why an episode cannot begin: all that stands in its way, each fault with the file that it is in. */
import type { ErrorCode } from '../codes.ts'
import { Permanent } from '../errors.ts'

export interface Fault {
  readonly code: ErrorCode
  readonly file: string
  readonly message: string
}

/** All that stands in the way, the first as what is thrown. */
export class NotReady extends Permanent {
  readonly faults: readonly Fault[]
  constructor(faults: readonly Fault[]) {
    super(faults[0]!.code, faults[0]!.message)
    this.faults = faults
  }
}
