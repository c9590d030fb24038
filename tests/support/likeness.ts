/** Where a sound is in another one, by correlation. Hides that what is heard is weighed once, not at each place anew. */

/**
 * The place within `reach` samples of `expectedAt` where `heard` is most like `sound`: by how many samples it is late, and how
 * like it is there, 1 when it is the same but for its level. What lies before `heard` and behind it is silence.
 */
export function likeliest(
  heard: Float32Array,
  sound: Float32Array,
  expectedAt: number,
  reach: number,
): { late: number; likeness: number } {
  const { length } = sound
  const around = window(heard, expectedAt - reach, length + 2 * reach)
  let energy = energyOf(around.subarray(0, length))
  let best = { late: NaN, likeness: -Infinity }
  const own = energyOf(sound)
  for (let at = 0; at <= 2 * reach; at++) {
    const likeness = product(around, at, sound) / Math.sqrt(own * energy)
    if (likeness > best.likeness) best = { late: at - reach, likeness }
    energy += (around[at + length] ?? 0) ** 2 - around[at]! ** 2
  }
  return best
}

function window(samples: Float32Array, from: number, length: number): Float32Array {
  const out = new Float32Array(length)
  const first = Math.max(0, from)
  out.set(samples.subarray(first, Math.max(first, from + length)), first - from)
  return out
}

const energyOf = (samples: Float32Array): number => product(samples, 0, samples)

/** Four sums side by side: each addition would else wait for the one before. */
function product(samples: Float32Array, at: number, other: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  const whole = other.length - (other.length % 4)
  for (let i = 0; i < whole; i += 4) {
    a += samples[at + i]! * other[i]!
    b += samples[at + i + 1]! * other[i + 1]!
    c += samples[at + i + 2]! * other[i + 2]!
    d += samples[at + i + 3]! * other[i + 3]!
  }
  for (let i = whole; i < other.length; i++) a += samples[at + i]! * other[i]!
  return a + b + c + d
}
