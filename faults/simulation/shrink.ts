/**
 * Shrinks a failing list: leaves out as much of it as it can while it still fails, then makes what is left simpler. fast-check
 * would shrink every number of every element, which for a list of things that are either needed or not takes ten times as
 * many tries; this is delta debugging (Zeller and Hildebrandt 2002, "Simplifying and isolating failure-inducing input").
 */

/** `fails` is asked until `endsAt` (performance.now()); the list that it is given first has failed. */
export async function shrink<T>(
  list: readonly T[],
  simpler: (element: T) => T,
  fails: (list: readonly T[]) => Promise<boolean>,
  endsAt: number,
): Promise<readonly T[]> {
  const isTime = () => performance.now() < endsAt
  let left = list
  for (
    let size = Math.ceil(left.length / 2);
    size >= 1 && isTime();
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < left.length && isTime();) {
      const without = [...left.slice(0, at), ...left.slice(at + size)]
      if (await fails(without)) left = without
      else at += size
    }
  }
  for (let at = 0; at < left.length && isTime(); at++) {
    const simplified = left.with(at, simpler(left[at]!))
    if (await fails(simplified)) left = simplified
  }
  return left
}
