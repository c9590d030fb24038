/**
 * Bytes that were read and are done with make room soon. Hides that V8 frees what lies outside its heap only with the small
 * objects that own it: it looks at the young ones when enough of those have come together, which at 64 kB each is hundreds
 * of megabytes, and before that at everything, at fifty times the price, since all has grown by a quarter.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { readonly type: 'minor' }) => void

/** A look at the young ones takes half a millisecond. */
const collectEvery = 4 * 1024 * 1024

let spentBytes = 0
let collect: Collect | undefined

/** To be told of all bytes of a stream, as they come in. */
export function spent(bytes: number): void {
  spentBytes += bytes
  if (spentBytes < collectEvery) return
  spentBytes = 0
  collect ??= collector()
  collect({ type: 'minor' })
}

/** V8 shows it in contexts that are made while the flag is set. */
function collector(): Collect {
  setFlagsFromString('--expose-gc')
  const found = runInNewContext('gc') as Collect
  setFlagsFromString('--no-expose-gc')
  return found
}
