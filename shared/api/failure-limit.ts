/**
 * How often an address may fail to prove who it is, counted in this process alone: past the limit a stranger
 * costs neither a database connection nor a look at a token. A credential that was good of late is let
 * through, whatever its neighbours do.
 */

const minuteMs = 60_000
/** Addresses remembered at once; the one that failed first is forgotten for a new one. */
const mostAddresses = 10_000

export function limitFailures(mostAMinute: number, now: () => number = Date.now) {
  const failures = new Map<string, { minute: number; count: number }>()
  const goodUntil = new Map<string, number>()

  /** Whether the attempt may go on; it counts as failed until `succeed` says otherwise. */
  const mayTry = (address: string, credential: string): boolean => {
    if ((goodUntil.get(credential) ?? 0) > now()) return true
    const minute = Math.floor(now() / minuteMs)
    const seen = failures.get(address)
    const count = seen?.minute === minute ? seen.count : 0
    if (count >= mostAMinute) return false
    failures.delete(address)
    failures.set(address, { minute, count: count + 1 })
    forgetOldest(failures)
    return true
  }

  const succeed = (address: string, credential: string): void => {
    const seen = failures.get(address)
    if (seen && seen.count > 0 && !goodUntil.has(credential)) seen.count--
    goodUntil.delete(credential)
    goodUntil.set(credential, now() + minuteMs)
    forgetOldest(goodUntil)
  }

  return { mayTry, succeed }
}

function forgetOldest(known: Map<string, unknown>): void {
  if (known.size > mostAddresses) known.delete(known.keys().next().value!)
}
