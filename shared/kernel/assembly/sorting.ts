// Columns of float32 in rows, each column sorted by itself; four columns at a time.

/** The lower of both goes to the first row, the higher to the second one. */
// @ts-ignore: decorator
@inline
function exchange(first: usize, second: usize): void {
  const a = v128.load(first)
  const b = v128.load(second)
  v128.store(first, f32x4.pmin(a, b))
  v128.store(second, f32x4.pmax(a, b))
}

/**
 * Sorts each of `stride` columns, a multiple of four, so that the lowest is in the first of `count` rows. Rows are compared
 * in an order that asks for nothing that is in them (Batcher's odd-even merge sort; Knuth, 5.2.2, algorithm M).
 */
export function sortColumns(rows: usize, count: i32, stride: i32): void {
  const rowBytes = <usize>stride << 2
  let largest: i32 = 1
  while (2 * largest < count) largest *= 2
  for (let column: usize = 0; column < rowBytes; column += 16) {
    const top = rows + column
    for (let step = largest; step > 0; step >>= 1) {
      let apart = step
      let phase: i32 = 0
      for (let next = largest; ; next >>= 1) {
        for (let row: i32 = 0; row + apart < count; row++)
          if ((row & step) === phase)
            exchange(top + <usize>row * rowBytes, top + <usize>(row + apart) * rowBytes)
        if (next === step) break
        apart = next - step
        phase = step
      }
    }
  }
}
