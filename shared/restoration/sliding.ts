/**
 * The latest of a sound or a series that comes in pieces. Hides one array, which grows to what is needed and is then used
 * again: new ones of its size would be collected too late.
 */

export interface Sliding {
  /** All that is held, with `values` behind: a view that holds until the next call. */
  readonly append: (values: Float32Array) => Float32Array
  /** What is left then, as such a view. */
  readonly forgetFirst: (count: number) => Float32Array
}

/** Drops what comes before the first multiple of `grid`, of sound that begins at `start`. */
export function fromNext(grid: number, start: number): (values: Float32Array) => Float32Array {
  let left = (grid - (start % grid)) % grid
  return (values) => {
    const dropped = Math.min(left, values.length)
    left -= dropped
    return values.subarray(dropped)
  }
}

/** Begins with so many zeros. */
export function sliding(zeros = 0): Sliding {
  let array = new Float32Array(zeros)
  let length = zeros
  return {
    append: (values) => {
      const needed = length + values.length
      if (needed > array.length) {
        const larger = new Float32Array(Math.ceil(1.5 * needed))
        larger.set(array.subarray(0, length))
        array = larger
      }
      array.set(values, length)
      length = needed
      return array.subarray(0, length)
    },
    forgetFirst: (count) => {
      array.copyWithin(0, count, length)
      length -= count
      return array.subarray(0, length)
    },
  }
}
