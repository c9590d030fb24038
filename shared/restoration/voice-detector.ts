/**
 * Whether a voice sounds, by RNNoise (J.-M. Valin, BSD licence): a small network that Mozilla and Xiph trained, in
 * WebAssembly. Only its opinion is used, never its sound. Hides the network's rate, its memory and how it is started.
 *
 * Its licence lies beside this file.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { OthersTurn } from './turns.ts'

/** What it works at, and how much of it at a time: 10 ms. */
const rate = 48_000
const frameSamples = 480
/** It takes 16-bit samples, as floats. */
const fullScale = 32_767
/** Before what is asked for it hears so much, to know the noise. */
const warmUpSeconds = 0.5
/** Work of some 10 ms. */
const framesBetweenTurns = 50

interface Network {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void }
  __wasm_call_ctors(): void
  emscripten_stack_init?(): void
  rnnoise_create(model: number): number
  rnnoise_destroy(state: number): void
  rnnoise_process_frame(state: number, out: number, samples: number): number
  malloc(bytes: number): number
}

let network: (Network & { readonly frameAt: number }) | undefined

function started(): Network & { readonly frameAt: number } {
  if (network) return network
  const file = createRequire(import.meta.url).resolve('@sapphi-red/web-noise-suppressor/rnnoise_simd.wasm')
  const env = {
    emscripten_memcpy_big: (to: number, from: number, count: number) =>
      void new Uint8Array(network!.memory.buffer).copyWithin(to, from, from + count),
    emscripten_resize_heap: (bytes: number): number => {
      network!.memory.grow(Math.ceil((bytes - network!.memory.buffer.byteLength) / 65_536))
      return 1
    },
    __assert_fail: () => {
      throw new Error('The voice detector failed.')
    },
  }
  const Instance = WebAssembly.Instance as unknown as new (
    program: object,
    imports: object,
  ) => { readonly exports: object }
  const rnnoise = new Instance(new WebAssembly.Module(readFileSync(file)), { env }).exports as Network
  network = { ...rnnoise, frameAt: 0 } // it may ask for memory from here on
  rnnoise.__wasm_call_ctors()
  rnnoise.emscripten_stack_init?.()
  network = { ...rnnoise, frameAt: rnnoise.malloc(4 * frameSamples) }
  return network
}

/** Seconds per value of what `voiceIn` gives. */
export const voiceStepSeconds = frameSamples / rate

/**
 * The likelihood of a voice (0…1) for every 10 ms from `from` to `to`, samples of `sound`, which is one channel at
 * `sampleRate`. It begins anew each time, half a second before `from` or where the sound begins.
 */
export async function voiceIn(
  sound: Float32Array,
  sampleRate: number,
  from: number,
  to: number,
  othersTurn: OthersTurn,
): Promise<Float32Array> {
  const { memory, frameAt, ...rnnoise } = started()
  const state = rnnoise.rnnoise_create(0)
  const step = sampleRate * voiceStepSeconds
  const warmUp = Math.min(Math.floor(from / step), Math.round(warmUpSeconds / voiceStepSeconds))
  const count = Math.ceil((to - from) / step)
  const likelihoods = new Float32Array(count)
  try {
    // what it says of a frame it says of the one before, half of which it has overlapped with
    for (let frame = -warmUp; frame <= count; frame++) {
      const samples = new Float32Array(memory.buffer, frameAt, frameSamples)
      const start = from + frame * step
      if (sampleRate === rate && start >= 0 && start + frameSamples <= sound.length)
        for (let i = 0; i < frameSamples; i++) samples[i] = fullScale * sound[start + i]!
      else
        for (let i = 0; i < frameSamples; i++)
          samples[i] = fullScale * sampleAt(sound, start + (i * sampleRate) / rate)
      const likelihood = rnnoise.rnnoise_process_frame(state, frameAt, frameAt)
      if (frame > 0) likelihoods[frame - 1] = likelihood
      if (frame % framesBetweenTurns === 0) await othersTurn()
    }
  } finally {
    rnnoise.rnnoise_destroy(state)
  }
  return likelihoods
}

/** Straight between two samples, silence outside. */
function sampleAt(sound: Float32Array, place: number): number {
  const left = Math.floor(place)
  const a = sound[left] ?? 0
  return left === place ? a : a + (place - left) * ((sound[left + 1] ?? 0) - a)
}
