/** Repeats a short measurement, since one run of a few seconds says as much of the machine's mood as of the program. */

export interface Spread {
  readonly runs: number
  readonly minSeconds: number
  readonly maxSeconds: number
}

/** The run of the median time, with the shortest and longest time of all; of an even number, the slower of the two. */
export async function medianOf<M extends { readonly seconds: number }>(
  runs: number,
  measure: () => Promise<M>,
): Promise<M & Spread> {
  const all: M[] = []
  while (all.length < runs) all.push(await measure())
  all.sort((a, b) => a.seconds - b.seconds)
  return {
    ...all[Math.floor(runs / 2)]!,
    runs,
    minSeconds: all[0]!.seconds,
    maxSeconds: all.at(-1)!.seconds,
  }
}
