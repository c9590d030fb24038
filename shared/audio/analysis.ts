/**
 * Analyses a recording in one pass: loudness and peaks per 100 ms, level and waveform per 10 ms, and where
 * somebody speaks. Hides how this is gathered and stored, and how speech is told from steady noise, hum and
 * DC.
 */
import { doubleEnergyMeter } from '../kernel/filters.ts'
import { extremes } from '../kernel/peaks.ts'
import { highPass, integratedLoudness, kWeighting } from './loudness.ts'
import { bytesPerFrame, concatenated, fillPlanes, type PcmFormat } from './pcm.ts'
import { addSides, joinSides, noSides, type Sides } from './sides.ts'

/** Speech activity as sample spans, in order. */
export interface Span {
  readonly startSample: number
  readonly endSample: number
}

/** How many samples two spans share. */
export const overlapOf = (a: Span, b: Span): number =>
  Math.max(0, Math.min(a.endSample, b.endSample) - Math.max(a.startSample, b.startSample))

export interface Analysis {
  readonly format: PcmFormat
  readonly totalSamples: number
  /** One channel, or two channels that are the same to the bit. */
  readonly isMonaural: boolean
  readonly sides: Sides
  /** Sample peak of the whole recording, amplitude. */
  readonly peak: number
  readonly clippedSamples: number
  readonly integratedLufs: number
  /** Level of the quiet between words, and of the speech, in dBFS of the 10 ms frames. */
  readonly noiseFloorDb: number
  readonly speechLevelDb: number
  /** Levels at or under this are background; −Infinity when the recording has no quiet to tell. */
  readonly quietBelowDb: number
  readonly speech: readonly Span[]
  /**
   * K-weighted mean square per 100 ms, summed over channels (a single channel counts twice: it is played on
   * both sides).
   */
  readonly blocks: Float32Array
  /** Level of every 10 ms above 150 Hz, in hundredths of a dBFS. */
  readonly levels: Int16Array
  /** Lowest and highest sample of every 10 ms, −127…127. */
  readonly waveform: Int8Array
}

/** Samples in one 10 ms frame: a tenth of a 100 ms block. */
export const frameSamples = (sampleRate: number): number => sampleRate / 100
export const blockSamples = (sampleRate: number): number => sampleRate / 10
const framesPerBlock = 10

/** Below this lie hum and rumble; the level of speech is hardly changed. */
const speechHighPassHz = 150
const silenceDb = -100
/** A sample this close to full scale was probably cut off. */
const clippedAt = 0.9999
/** The first float32 that is. */
const clippedFrom = Math.fround(clippedAt + 2 ** -25)

/**
 * Gathers an analysis block by block; `add` takes whole 100 ms blocks of PCM bytes (the last may be shorter). What
 * sounds before them is given to `warmUp`: filters remember it for less than a second.
 */
export function analyser(format: PcmFormat) {
  const { sampleRate, channels } = format
  const block = blockSamples(sampleRate)
  const frame = frameSamples(sampleRate)
  const speechBand = highPass(sampleRate, speechHighPassHz)
  const meter = doubleEnergyMeter(kWeighting(sampleRate), [speechBand, speechBand])
  const blocks = growing(Float32Array)
  const levels = growing(Int16Array)
  const waveform = growing(Int8Array)
  // used again for every block: new ones would be collected too late
  const scratch = Array.from({ length: channels }, () => new Float32Array(block))
  const loudness = new Float64Array(channels)
  const energies = scratch.map(() => new Float64Array(framesPerBlock))
  const [lows, highs] = [new Float32Array(framesPerBlock), new Float32Array(framesPerBlock)]
  let totalSamples = 0
  let peak = 0
  let clippedSamples = 0
  let isMonaural = true
  const sides = noSides()

  /** Fills `loudness` and `energies`; the planes that differ. */
  const meterBlock = (bytes: Buffer): Float32Array[] => {
    fillPlanes(bytes, format, scratch)
    const count = Math.floor(bytes.length / bytesPerFrame(format))
    const all = count === block ? scratch : scratch.map((plane) => plane.subarray(0, count))
    isMonaural &&= all.length === 1 || sameSamples(all[0]!, all[1]!)
    const planes = isMonaural ? all.slice(0, 1) : all
    meter(planes, frame, loudness, energies)
    return planes
  }

  const add = (bytes: Buffer): void => {
    const planes = meterBlock(bytes)
    const count = planes[0]!.length
    addSides(planes[0]!, planes[1] ?? planes[0]!, sides)
    const [left, right] = energies as [Float64Array, Float64Array?]
    blocks.push((isMonaural ? 2 * loudness[0]! : loudness[0]! + loudness[1]!) / block)
    lows.fill(0)
    highs.fill(0)
    for (const plane of planes)
      clippedSamples += (channels / planes.length) * extremes(plane, frame, clippedFrom, lows, highs)
    for (let i = 0; i * frame < count; i++) {
      const energy = isMonaural ? left[i]! : left[i]! + right![i]!
      const meanSquare = energy / (frame * planes.length)
      levels.push(Math.round(100 * Math.max(silenceDb, 10 * Math.log10(meanSquare))))
      const [low, high] = [lows[i]!, highs[i]!]
      waveform.push(toByte(low))
      waveform.push(toByte(high))
      peak = Math.max(peak, -low, high)
    }
    totalSamples += count
  }

  const finish = (): Analysis => {
    const gathered = {
      format,
      totalSamples,
      isMonaural,
      sides,
      peak,
      clippedSamples,
      blocks: blocks.values(),
      levels: levels.values(),
      waveform: waveform.values(),
    }
    return {
      ...gathered,
      integratedLufs: integratedLoudness(gathered.blocks),
      ...findSpeech(gathered.levels, sampleRate, totalSamples),
    }
  }
  return {
    add,
    finish,
    warmUp: (bytes: Buffer) => void meterBlock(bytes),
    blockBytes: block * bytesPerFrame(format),
  }
}

/** The analysis of spans that follow each other; all but the last are whole blocks long. */
export function joinAnalyses(parts: readonly Analysis[]): Analysis {
  const { format } = parts[0]!
  const sum = (of: (part: Analysis) => number) => parts.reduce((total, part) => total + of(part), 0)
  const totalSamples = sum((part) => part.totalSamples)
  const blocks = concatenated(
    Float32Array,
    parts.map((part) => part.blocks),
  )
  const levels = concatenated(
    Int16Array,
    parts.map((part) => part.levels),
  )
  return {
    format,
    totalSamples,
    isMonaural: parts.every((part) => part.isMonaural),
    sides: joinSides(parts.map((part) => part.sides)),
    peak: Math.max(...parts.map((part) => part.peak)),
    clippedSamples: sum((part) => part.clippedSamples),
    blocks,
    levels,
    waveform: concatenated(
      Int8Array,
      parts.map((part) => part.waveform),
    ),
    integratedLufs: integratedLoudness(blocks),
    ...findSpeech(levels, format.sampleRate, totalSamples),
  }
}

const toByte = (sample: number): number => Math.max(-127, Math.min(127, Math.round(sample * 127)))

/**
 * Once the sides differ they are filtered apart; until then the second filter's memory would only have
 * repeated the first's.
 */
function sameSamples(left: Float32Array, right: Float32Array): boolean {
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false
  return true
}

type TypedArray = Float32Array<ArrayBuffer> | Int16Array<ArrayBuffer> | Int8Array<ArrayBuffer>

/** A typed array that grows by doubling. */
function growing<T extends TypedArray>(Type: new (length: number) => T) {
  let values = new Type(4096)
  let length = 0
  const push = (value: number): void => {
    if (length === values.length) {
      const larger = new Type(length * 2)
      larger.set(values)
      values = larger
    }
    values[length++] = value
  }
  return { push, values: () => values.slice(0, length) as T }
}

// Speech activity

/** Speech and background closer than this cannot be told apart: music, applause, or a tone. */
const leastContrastDb = 8
/** Where between background and speech the line is drawn, and how far above the background at least. */
const lineShare = 0.35
const leastMarginDb = 4
/** The level must pass the line for this long to be speech, and stay under it for this long to be none. */
const shortestSpeechFrames = 4
const shortestGapFrames = 20
/** Frames added around what passed the line, for soft onsets and tails. */
const paddingFrames = 3
/** A level below this is digital silence, which says nothing about the background of the recording. */
const digitalSilence = -9000

interface Activity {
  readonly noiseFloorDb: number
  readonly speechLevelDb: number
  readonly quietBelowDb: number
  readonly speech: Span[]
}

/**
 * Finds the floor and the speech level from the distribution of levels, then the spans above a line between
 * them.
 */
export function findSpeech(levels: Int16Array, sampleRate: number, totalSamples: number): Activity {
  const sorted = levels.filter((level) => level > digitalSilence).sort()
  if (sorted.length === 0)
    return { noiseFloorDb: silenceDb, speechLevelDb: silenceDb, quietBelowDb: -Infinity, speech: [] }
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]! / 100
  // a gate or an editor put digital silence between the words
  const muted = sorted.length < 0.9 * levels.length
  const noiseFloorDb = muted ? Math.min(at(0.02), at(0.9) - 40) : at(0.05)
  const speechLevelDb = at(0.9)
  if (speechLevelDb - noiseFloorDb < leastContrastDb) {
    return {
      noiseFloorDb,
      speechLevelDb,
      quietBelowDb: -Infinity,
      speech: [{ startSample: 0, endSample: totalSamples }],
    }
  }
  const quietBelowDb = noiseFloorDb + Math.max(leastMarginDb, lineShare * (speechLevelDb - noiseFloorDb))
  const frame = frameSamples(sampleRate)
  const speech = activeRuns(levels, quietBelowDb * 100, levels.length).map(({ start, end }) => ({
    startSample: start * frame,
    endSample: Math.min(totalSamples, end * frame),
  }))
  return { noiseFloorDb, speechLevelDb, quietBelowDb, speech }
}

function activeRuns(levels: Int16Array, line: number, count: number): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = []
  for (let i = 0; i < count; i++) {
    if (levels[i]! <= line) continue
    let end = i + 1
    while (end < count && levels[end]! > line) end++
    const last = runs.at(-1)
    if (last && i - last.end < shortestGapFrames) last.end = end
    else runs.push({ start: i, end })
    i = end
  }
  return runs
    .filter(({ start, end }) => end - start >= shortestSpeechFrames)
    .map(({ start, end }) => ({
      start: Math.max(0, start - paddingFrames),
      end: Math.min(count, end + paddingFrames),
    }))
}
