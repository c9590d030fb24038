/** Memory as the platform writes it. */

const units: Readonly<Record<string, number>> = { Mi: 1024 ** 2, Gi: 1024 ** 3 }

/** `512Mi` or `1Gi`, in bytes. */
export function bytesOf(text: string): number {
  const [, amount, unit] = /^(\d+)(Mi|Gi)$/.exec(text) ?? []
  if (unit === undefined) throw new Error(`"${text}" is no amount of memory; say 512Mi or 1Gi.`)
  return Number(amount) * units[unit]!
}
