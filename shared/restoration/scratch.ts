/**
 * Arrays that are used again for every block: new ones of their size would be collected too late. Hides that the first block
 * has less around it than those that follow, so that each array has room for half as much again; what is not touched takes
 * no memory.
 */
export interface Scratch {
  /** The array of that name, with what was left in it. */
  readonly take: (name: string, length: number) => Float32Array
  /** The same, with what `kept`, a part of what was taken before, held now at its front. */
  readonly keep: (name: string, length: number, kept: Float32Array) => Float32Array
}

export function scratchArrays(): Scratch {
  const arrays = new Map<string, Float32Array>()
  const take: Scratch['take'] = (name, length) => {
    const known = arrays.get(name)
    if (known && known.length >= length) return known.subarray(0, length)
    const made = new Float32Array(Math.ceil(1.5 * length))
    arrays.set(name, made)
    return made.subarray(0, length)
  }
  return {
    take,
    keep: (name, length, kept) => {
      const array = take(name, length)
      array.set(kept) // as if it had been copied first, where both are the same memory
      return array
    },
  }
}
