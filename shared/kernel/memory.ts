/**
 * The kernels and the one memory they work in. Hides how the binary is loaded and how the memory is divided.
 *
 * Only this room sees the memory. Its functions copy what they are given in, call kernels, and copy the results out
 * before they return; nothing is kept there from one call to the next, and no view of it leaves the room. A block is
 * so short that its copies stay in a core's own cache: 2 to 3 ms for all samples of a chunk.
 */
import { binary } from './binary.ts'

declare global {
  /** Node has it; the types of Node and of ES2025 do not. */
  const WebAssembly: {
    compile(bytes: Uint8Array): Promise<object>
    instantiate(program: object, imports: object): Promise<object>
    Module: new (bytes: Uint8Array) => object
    Instance: new (program: object) => { readonly exports: object }
  }
}

/** What assembly/ exports, where it is described; addresses are bytes from the memory's beginning. */
interface Kernels {
  readonly memory: { readonly buffer: ArrayBuffer }
  splitInt16(source: number, count: number, left: number, right: number, scale: number): void
  widenInt16(source: number, count: number, plane: number, scale: number): void
  splitFloat32(source: number, count: number, left: number, right: number): void
  weaveFloat32(left: number, right: number, count: number, out: number): void
  energies: Filtering
  energiesTwice: Filtering
  peaks(
    samples: number,
    count: number,
    step: number,
    threshold: number,
    taps: number,
    wide: number,
    out: number,
  ): void
  mixSteady(plane: number, source: number, count: number, gain: number): void
  mixLine(
    plane: number,
    source: number,
    count: number,
    gain: number,
    level: number,
    slope: number,
    first: number,
  ): void
  mixFaded(plane: number, source: number, count: number, gain: number, fades: number, levels: number): void
  gainSteps(samples: number, count: number, step: number, gains: number, places: number, gain: number): void
  extremes(samples: number, count: number, step: number, clippedAt: number, out: number): number
  spectra(
    samples: number,
    hop: number,
    size: number,
    window: number,
    order: number,
    cosines: number,
    sines: number,
    re: number,
    im: number,
    outRe: number,
    outIm: number,
    stride: number,
  ): void
  frames(
    inRe: number,
    inIm: number,
    gains: number,
    stride: number,
    hop: number,
    size: number,
    window: number,
    order: number,
    cosines: number,
    sines: number,
    re: number,
    im: number,
    samples: number,
  ): void
  absenceOdds(
    near: number,
    count: number,
    stride: number,
    bins: number,
    radius: number,
    frames: number,
    sums: number,
    wide: number,
    out: number,
  ): void
  sweep(
    ratios: number,
    odds: number,
    state: number,
    gains: number,
    rows: number,
    stride: number,
    isBackwards: boolean,
    alpha: number,
    least: number,
    floor: number,
    table: number,
  ): void
  amplitudes(gains: number, rows: number, stride: number, floor: number, shares: number): void
  powers(
    re: number,
    im: number,
    otherRe: number,
    otherIm: number,
    count: number,
    scale: number,
    least: number,
    out: number,
  ): void
  boxMeans(
    rows: number,
    count: number,
    stride: number,
    bins: number,
    binRadius: number,
    rowRadius: number,
    from: number,
    to: number,
    across: number,
    out: number,
  ): void
  lowest(rows: number, count: number, stride: number, out: number): void
  addWeighted(rows: number, count: number, stride: number, weights: number, out: number): void
  standingOut(
    rows: number,
    count: number,
    stride: number,
    before: number,
    after: number,
    shares: number,
    factor: number,
    from: number,
    to: number,
    out: number,
  ): void
  gather(
    smooth: number,
    cells: number,
    count: number,
    stride: number,
    before: number,
    after: number,
    shares: number,
    weights: number,
    factor: number,
    sums: number,
    total: number,
  ): void
  ratios(
    rows: number,
    count: number,
    stride: number,
    before: number,
    after: number,
    shares: number,
    least: number,
    most: number,
    out: number,
  ): void
  logSums(rows: number, count: number, stride: number, from: number, to: number, out: number): void
  exceeding(
    rows: number,
    count: number,
    stride: number,
    limit: number,
    from: number,
    to: number,
    otherFrom: number,
    otherTo: number,
    out: number,
  ): void
  decimate(samples: number, count: number, factor: number, filter: number, taps: number, out: number): void
  subtractTones(samples: number, count: number, tones: number, pairs: number): void
  logDensities(
    rows: number,
    count: number,
    size: number,
    means: number,
    halfPrecisions: number,
    constants: number,
    normals: number,
    out: number,
  ): void
  sortColumns(rows: number, count: number, stride: number): void
}

type Filtering = (
  left: number,
  right: number,
  count: number,
  step: number,
  filter: number,
  state: number,
  out: number,
) => void

const program = new WebAssembly.Module(Buffer.from(binary, 'base64'))
export const kernels = new WebAssembly.Instance(program).exports as Kernels

/** Frames that are worked on at a time: what is read and written stays in a core's own cache. */
export const blockFrames = 8192
/** The largest group, and the most groups, that fit into a block. */
export const blockGroups = 2048

const pageBytes = 65_536
/**
 * Where a block's parts lie. A plane has room for 8192 samples and as many again; 5 and 8 are two pages long. From 10 on
 * lie transforms of up to 4096 samples: their lanes, eight rows of real parts, imaginary parts and gains, and tables.
 */
export const place = {
  interleaved: 0,
  left: pageBytes,
  right: 2 * pageBytes,
  mixed: 3 * pageBytes,
  parameters: 4 * pageBytes,
  out: 5 * pageBytes,
  fades: 7 * pageBytes,
  wide: 8 * pageBytes,
  transform: 10 * pageBytes,
  rowsRe: 14 * pageBytes,
  rowsIm: 16 * pageBytes,
  rowsGain: 18 * pageBytes,
  tables: 20 * pageBytes,
} as const

const { buffer } = kernels.memory
export const bytes = new Uint8Array(buffer)
/** Indexed by address / 4. */
export const floats = new Float32Array(buffer)
/** Indexed by address / 8. */
export const doubles = new Float64Array(buffer)

/** Copies samples to an address. */
export const put = (samples: Float32Array, address: number): void => floats.set(samples, address / 4)
export const putDoubles = (values: Float64Array, address: number): void => doubles.set(values, address / 8)

/** How many rows of `stride` floats fit into one of the places for rows. */
export const rowsAtOnce = (stride: number): number => Math.floor((2 * pageBytes) / 4 / stride)

/** Copies `count` samples from an address to `out[at…]`. */
export const take = (address: number, count: number, out: Float32Array, at: number): void =>
  out.set(floats.subarray(address / 4, address / 4 + count), at)

/** How many whole groups of `step` samples are worked on at a time. Throws a RangeError where not one fits. */
export function groupsAtOnce(step: number): number {
  if (step > blockFrames) throw new RangeError(`A group has at most ${blockFrames} samples, not ${step}.`)
  return Math.min(blockGroups, Math.floor(blockFrames / step))
}
