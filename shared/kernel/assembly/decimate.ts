// Sound at a lower rate.

import { product, sumOf } from './four'

/** Every `factor`th sum of `taps` samples, a multiple of four, times the filter's. */
export function decimate(samples: usize, count: i32, factor: i32, filter: usize, taps: i32, out: usize): void {
  for (let i = 0; i < count; i++) {
    const from = samples + (<usize>(i * factor) << 2)
    let sum = product(v128.load(filter), v128.load(from))
    for (let k = 4; k < taps; k += 4)
      sum = sumOf(sum, product(v128.load(filter + (<usize>k << 2)), v128.load(from + (<usize>k << 2))))
    store<f32>(
      out + (<usize>i << 2),
      f32x4.extract_lane(sum, 0) +
        f32x4.extract_lane(sum, 1) +
        (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3)),
    )
  }
}
