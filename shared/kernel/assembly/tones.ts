// Tones that move: phasors that turn evenly, with amplitudes that go straight.

import { add, mul, sub } from './lanes'

/**
 * Subtracts tones from samples. Tones come in pairs of eight vectors: cosines and sines of their angles, those of their turn
 * from one sample to the next, real and imaginary amplitudes, and their steps. What moves is changed.
 */
export function subtractTones(samples: usize, count: i32, tones: usize, pairs: i32): void {
  const end = tones + (<usize>pairs << 7)
  for (let i = 0; i < count; i++) {
    let sum = f64x2.splat(0)
    for (let pair = tones; pair < end; pair += 128) {
      const cos = v128.load(pair)
      const sin = v128.load(pair, 16)
      const turnCos = v128.load(pair, 32)
      const turnSin = v128.load(pair, 48)
      const re = v128.load(pair, 64)
      const im = v128.load(pair, 80)
      sum = add(sum, sub(mul(re, cos), mul(im, sin)))
      v128.store(pair, sub(mul(cos, turnCos), mul(sin, turnSin)))
      v128.store(pair, add(mul(cos, turnSin), mul(sin, turnCos)), 16)
      v128.store(pair, add(re, v128.load(pair, 96)), 64)
      v128.store(pair, add(im, v128.load(pair, 112)), 80)
    }
    const at = samples + (<usize>i << 2)
    const all = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
    store<f32>(at, <f32>(<f64>load<f32>(at) - all))
  }
}
