/**
 * `spool fuzz`: files as people bring them, mutated piece by piece, through the readers of the product. Prints the
 * seed of each that ended otherwise than read, warned of or refused with a reason, and a count.
 */
import { mediaFuzzer } from './media.ts'
import { readFuzzedText } from './texts.ts'
import type { Verdict } from './verdict.ts'

export interface FuzzOptions {
  readonly seconds: number
  /** The first of the seeds; each input has its own. */
  readonly seed: number
}

/** Text is read a hundred times as fast as media. */
const textsPerFile = 20
/** Fuzzed input of any kind may not make this process larger. */
const mostMegabytes = 1500

export async function fuzz({ seconds, seed }: FuzzOptions): Promise<boolean> {
  const readMedia = await mediaFuzzer()
  const counts = new Map<string, number>()
  let failed = 0
  const note = (kind: 'media' | 'text', inputSeed: number, { what, outcome, why }: Verdict): void => {
    const key = `${kind === 'media' ? what.split(':')[0]! : what} ${outcome}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
    if (outcome !== 'failed') return
    failed++
    console.log(`--only ${kind}:${inputSeed}  ${what}\n  ${why!}`)
  }
  const until = performance.now() + 1000 * seconds
  let next = seed
  for (; performance.now() < until; next++) {
    note('media', next, await readMedia(next))
    for (let i = 0; i < textsPerFile; i++) {
      const textSeed = next * textsPerFile + i
      note('text', textSeed, await readFuzzedText(textSeed))
    }
  }
  const megabytes = Math.round(process.resourceUsage().maxRSS / 1024)
  for (const [key, count] of [...counts].sort()) console.log(`${String(count).padStart(8)} ${key}`)
  console.log(
    `${next - seed} files and ${(next - seed) * textsPerFile} texts from seed ${seed}; ${failed} failed; ${megabytes} MB`,
  )
  return failed === 0 && megabytes < mostMegabytes
}

/** One input again, as it was printed: "media:17". */
export async function fuzzOnly(which: string): Promise<boolean> {
  const [kind, seed] = which.split(':')
  const verdict =
    kind === 'media' ? await (await mediaFuzzer())(Number(seed)) : await readFuzzedText(Number(seed))
  console.log(verdict)
  return verdict.outcome !== 'failed'
}
