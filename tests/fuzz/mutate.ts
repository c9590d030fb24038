// Mutations that know where the pieces of a file are: chunks, boxes, pages, frames, lines, values.
import { random } from '../support/audio.ts'

/** Repeatable choices: the same seed, the same file. */
export interface Dice {
  /** 0 to 1. */
  readonly next: () => number
  /** A whole number below `most`. */
  readonly below: (most: number) => number
  readonly oneOf: <T>(list: readonly T[]) => T
}

export function dice(seed: number): Dice {
  const next = random(seed)
  const below = (most: number): number => Math.floor(next() * most)
  return { next, below, oneOf: (list) => list[below(list.length)]! }
}

/** Where pieces begin, in order, from 0 to the end. */
type Finder = (bytes: Buffer) => number[]

const every =
  (marker: Buffer): Finder =>
  (bytes) => {
    const found: number[] = []
    for (let at = bytes.indexOf(marker); at >= 0 && found.length < 5000; at = bytes.indexOf(marker, at + 1))
      found.push(at)
    return found
  }

const chunked =
  (from: number, headBytes: number, sizeOf: (bytes: Buffer, at: number) => number): Finder =>
  (bytes) => {
    const found: number[] = []
    for (let at = from; at + headBytes <= bytes.length && found.length < 5000;) {
      found.push(at)
      const size = sizeOf(bytes, at)
      if (size < headBytes) break
      at += size
    }
    return found
  }

/** By the end of the file's name. */
const finders: Readonly<Record<string, Finder>> = {
  wav: chunked(12, 8, (bytes, at) => 8 + bytes.readUInt32LE(at + 4) + (bytes.readUInt32LE(at + 4) % 2)),
  aiff: chunked(12, 8, (bytes, at) => 8 + bytes.readUInt32BE(at + 4) + (bytes.readUInt32BE(at + 4) % 2)),
  caf: chunked(8, 12, (bytes, at) => 12 + Number(bytes.readBigInt64BE(at + 4))),
  m4a: chunked(0, 8, (bytes, at) => bytes.readUInt32BE(at)),
  mp3: every(Buffer.from([0xff, 0xfb])),
  aac: every(Buffer.from([0xff, 0xf1])),
  flac: every(Buffer.from([0xff, 0xf8])),
  opus: every(Buffer.from('OggS')),
  webm: every(Buffer.from([0xa3])), // SimpleBlock
}

export interface Mutated {
  readonly bytes: Buffer
  /** What was done, for whoever looks at a failure. */
  readonly steps: readonly string[]
  /** Every byte of sound is still there, in its order. */
  readonly isWhole: boolean
}

interface Step {
  readonly name: string
  readonly isWhole: boolean
  readonly apply: (bytes: Buffer, pieces: readonly number[], roll: Dice) => Buffer
}

const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff]

/** From one piece's start to another's. */
function spanOf(pieces: readonly number[], length: number, roll: Dice, most = 8): [number, number] {
  const first = roll.below(pieces.length)
  const last = Math.min(pieces.length, first + 1 + roll.below(most))
  return [pieces[first]!, pieces[last] ?? length]
}

const steps: readonly Step[] = [
  {
    name: 'a number in a head',
    isWhole: true,
    apply: (bytes, pieces, roll) => {
      const copy = Buffer.from(bytes)
      const heads = [0, ...pieces.slice(0, 3)]
      const at = Math.min(copy.length - 4, roll.oneOf(heads) + roll.below(12))
      const value = roll.next() < 0.5 ? roll.oneOf(extremes) : roll.below(2 ** 32)
      if (roll.next() < 0.5) copy.writeUInt32LE(value, at)
      else copy.writeUInt32BE(value, at)
      return copy
    },
  },
  {
    name: 'bytes turned over',
    isWhole: false,
    apply: (bytes, _pieces, roll) => {
      const copy = Buffer.from(bytes)
      const end = roll.next() < 0.5 ? Math.min(400, copy.length) : copy.length
      for (let count = 1 + roll.below(20); count > 0; count--) copy[roll.below(end)]! ^= 1 + roll.below(255)
      return copy
    },
  },
  {
    name: 'pieces left out',
    isWhole: false,
    apply: (bytes, pieces, roll) => {
      const [from, to] = spanOf(pieces, bytes.length, roll)
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
    },
  },
  {
    name: 'pieces twice',
    isWhole: true,
    apply: (bytes, pieces, roll) => {
      const [from, to] = spanOf(pieces, bytes.length, roll)
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)])
    },
  },
  {
    name: 'rubbish between pieces',
    isWhole: true,
    apply: (bytes, pieces, roll) => {
      const at = roll.oneOf([...pieces, bytes.length])
      const rubbish = Buffer.alloc(1 + roll.below(3000), roll.below(256))
      if (roll.next() < 0.5) rubbish.forEach((_, i) => (rubbish[i] = roll.below(256)))
      return Buffer.concat([bytes.subarray(0, at), rubbish, bytes.subarray(at)])
    },
  },
  {
    name: 'cut off',
    isWhole: false,
    apply: (bytes, pieces, roll) =>
      bytes.subarray(0, roll.next() < 0.5 ? roll.oneOf(pieces) : roll.below(bytes.length)),
  },
  {
    name: 'a stretch of one byte',
    isWhole: false,
    apply: (bytes, pieces, roll) => {
      const copy = Buffer.from(bytes)
      const [from, to] = spanOf(pieces, bytes.length, roll)
      copy.fill(roll.oneOf([0, 0xff, 0x20]), from, to)
      return copy
    },
  },
  {
    name: 'the file twice',
    isWhole: true,
    apply: (bytes) => Buffer.concat([bytes, bytes]),
  },
  {
    name: 'a tag in front',
    isWhole: true,
    apply: (bytes, _pieces, roll) => {
      const size = roll.below(20_000)
      const head = Buffer.from([0x49, 0x44, 0x33, 3, 0, 0, 0, 0, (size >> 7) & 127, size & 127])
      return Buffer.concat([head, Buffer.alloc(size % 16384), bytes])
    },
  },
]

export function mutateFile(bytes: Buffer, extension: string, roll: Dice): Mutated {
  let current = bytes
  const done: Step[] = []
  for (let count = roll.oneOf([1, 1, 1, 2, 3]); count > 0; count--) {
    const pieces = [...new Set([...finders[extension]!(current), 0])].sort((a, b) => a - b)
    const step = roll.oneOf(steps)
    current = step.apply(current, pieces, roll)
    done.push(step)
    if (current.length < 16) break
  }
  return {
    bytes: current,
    steps: done.map(({ name }) => name),
    isWhole: done.every(({ isWhole }) => isWhole),
  }
}

const strangeTexts = [
  '',
  ' ',
  '\0',
  '\u202e',
  '😀'.repeat(300),
  'x'.repeat(100_000),
  '-->',
  '<v ',
  '../../x',
  '[',
  '{{',
  '\ud800',
  "'",
  '"',
]
const strangeTimes = [
  '',
  '00:00',
  '99:99:99,999',
  '-00:00:01,000',
  '00:00:01:12',
  '1e9',
  'NaN',
  '00:00:01.000000000001',
  '9'.repeat(400),
]

/** Lines left out, twice, swapped, joined or replaced; times and letters turned into others. */
export function mutateText(text: string, roll: Dice): string {
  const lines = text.split('\n')
  for (let count = 1 + roll.below(6); count > 0; count--) {
    const at = roll.below(lines.length)
    const line = lines[at] ?? ''
    const other = roll.below(lines.length)
    roll.oneOf([
      () => lines.splice(at, 1 + roll.below(3)),
      () => lines.splice(at, 0, line),
      () => ([lines[at], lines[other]] = [lines[other] ?? '', line]),
      () => (lines[at] = roll.oneOf(strangeTexts)),
      () => (lines[at] = line.replace(/\d[\d:.,]*/, roll.oneOf(strangeTimes))),
      () => (lines[at] = line.slice(0, roll.below(line.length + 1))),
      () => (lines[at] = line + roll.oneOf(strangeTexts)),
      () => lines.splice(at, 2, line + (lines[at + 1] ?? '')),
      () => (lines[at] = line.replace(':', roll.oneOf(['', '::', ' : ', '\t']))),
    ])()
  }
  return lines.join(roll.oneOf(['\n', '\n', '\r\n', '\r', '\n\n']))
}

const strangeValues: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  1.5,
  '',
  'x',
  'x'.repeat(70_000),
  [],
  {},
  [[]],
  '\u0000',
  '2026-13-45',
  'http://[',
  { a: { b: { c: [] } } },
]

/** A value somewhere in the document replaced, left out, doubled or given another name. */
export function mutateJson(json: unknown, roll: Dice): string {
  const copy = structuredClone(json)
  for (let count = 1 + roll.below(3); count > 0; count--) {
    const places = nodesOf(copy)
    if (places.length === 0) break
    const { parent, key } = roll.oneOf(places)
    roll.oneOf([
      () => (parent[key] = structuredClone(roll.oneOf(strangeValues))),
      () => Reflect.deleteProperty(parent, key),
      () => (parent[`${key}${roll.below(10)}`] = parent[key]),
      () => (parent[key] = [parent[key], parent[key]]),
      () => (parent[key] = String(parent[key])),
    ])()
  }
  const text = JSON.stringify(copy)
  return roll.next() < 0.1 ? text.slice(0, roll.below(text.length)) : text
}

interface Place {
  readonly parent: Record<string, unknown>
  readonly key: string
}

function nodesOf(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return []
  const parent = value as Record<string, unknown>
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...nodesOf(parent[key])])
}
