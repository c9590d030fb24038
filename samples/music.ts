/**
 * Composes and synthesises the sample's jingle: twenty-four seconds in C. Hides the notes and the three
 * instruments. Bars 1–4 are played twice, so the sound from the third bar to the seventh can be looped.
 */
import { randomNumbers } from './random.ts'

export const musicRate = 44_100
export type Stereo = readonly [Float32Array, Float32Array]

const barSeconds = 2.4
const lengthSeconds = 10 * barSeconds
const peakDbfs = -4
const eighth = barSeconds / 8
const quarter = barSeconds / 4

/** MIDI note numbers: the bass, then the chord from below. */
const chords = [
  [36, 55, 60, 64, 67], // C
  [33, 57, 60, 64, 67], // A minor 7
  [41, 57, 60, 64, 69], // F
  [43, 55, 59, 62, 69], // G 9
] as const
const finalBar = 8

export function playMusic(): Stereo {
  const music: Stereo = [
    new Float32Array(lengthSeconds * musicRate),
    new Float32Array(lengthSeconds * musicRate),
  ]
  for (let bar = 0; bar < finalBar; bar++) playBar(music, bar)
  playEnding(music)
  echo(music, 1.5 * eighth, 0.28)
  normalise(music)
  return fade(music, 0.003, barSeconds)
}

/** A part of the music, faded at both ends. */
export function excerpt(
  music: Stereo,
  fromSeconds: number,
  toSeconds: number,
  fadeInSeconds: number,
  fadeOutSeconds: number,
): Stereo {
  const part = (plane: Float32Array) =>
    plane.slice(Math.round(fromSeconds * musicRate), Math.round(toSeconds * musicRate))
  return fade([part(music[0]), part(music[1])], fadeInSeconds, fadeOutSeconds)
}

/** Three bars from the beginning; from the last bar before the end to the end. */
export const intro = (music: Stereo): Stereo => excerpt(music, 0, 3 * barSeconds, 0.003, barSeconds)
export const outro = (music: Stereo): Stereo =>
  excerpt(music, 7 * barSeconds, lengthSeconds, 0.05, 0.5 * barSeconds)

function playBar(music: Stereo, bar: number): void {
  const [bass, ...chord] = chords[bar % chords.length]!
  const at = bar * barSeconds
  const arpeggio = [0, 2, 1, 3, 2, 1, 3, 2]
  arpeggio.forEach((step, i) =>
    pluck(music, at + i * eighth, chord[step]! + 12, i === 0 ? 0.5 : 0.36, i % 2 ? 0.5 : -0.5),
  )
  for (const note of chord) pad(music, at, barSeconds, note)
  bassNote(music, at, 1.5 * quarter, bass)
  bassNote(music, at + 1.5 * quarter, quarter, bass)
  bassNote(music, at + 3 * quarter, quarter, bar % 2 ? bass + 7 : bass)
}

function playEnding(music: Stereo): void {
  const [bass, ...chord] = chords[0]
  const at = finalBar * barSeconds
  chord.forEach((note, i) => pluck(music, at + i * 0.05, note + 12, 0.45, i / 2 - 0.75))
  for (const note of chord) pad(music, at, 1.2 * barSeconds, note)
  bassNote(music, at, 1.5 * barSeconds, bass)
}

const toHz = (note: number): number => 440 * 2 ** ((note - 69) / 12)

/** A string after Karplus and Strong: a burst of noise goes round a delay line that dulls it each time. */
function pluck(music: Stereo, atSeconds: number, note: number, level: number, pan: number): void {
  const period = musicRate / toHz(note) - 0.5 // averaging two neighbours delays by half a sample
  const whole = Math.floor(period)
  const fraction = period - whole
  const random = randomNumbers(note)
  const line = Float64Array.from({ length: whole + 1 }, () => random() * 2 - 1)
  for (let pass = 0; pass < 3; pass++)
    for (let i = 1; i < line.length; i++) line[i] = 0.5 * (line[i]! + line[i - 1]!) // a soft plectrum
  const mean = line.reduce((sum, value) => sum + value, 0) / line.length
  line.forEach((value, i) => (line[i] = value - mean)) // a constant would die away as a thump
  const decay = 10 ** (-3 / (1.8 * toHz(note))) // −60 dB in 1.8 s
  let before = 0
  let place = 0
  mixIn(music, atSeconds, 1.8, pan, (t) => {
    const oldest = line[place]!
    const current = oldest + (1 - fraction) * (line[(place + 1) % line.length]! - oldest)
    line[place] = decay * 0.5 * (current + before)
    before = current
    place = (place + 1) % line.length
    return level * Math.min(1, t / 0.004) * current
  })
}

/** Four harmonics, twice, out of tune by a hair between left and right. */
function pad(music: Stereo, atSeconds: number, holdSeconds: number, note: number): void {
  const [attack, release] = [0.35, 0.6]
  for (const [pan, detune] of [
    [-0.8, 0.9988],
    [0.8, 1.0012],
  ] as const) {
    const turn = 2 * Math.PI * toHz(note) * detune
    mixIn(music, atSeconds, holdSeconds + release, pan, (t) => {
      const envelope = Math.min(1, t / attack) * Math.min(1, (holdSeconds + release - t) / release)
      return (
        0.03 *
        envelope ** 2 *
        (Math.sin(turn * t) +
          Math.sin(2 * turn * t) / 4 +
          Math.sin(3 * turn * t) / 9 +
          Math.sin(4 * turn * t) / 20)
      )
    })
  }
}

function bassNote(music: Stereo, atSeconds: number, holdSeconds: number, note: number): void {
  const turn = 2 * Math.PI * toHz(note)
  const release = 0.08
  mixIn(music, atSeconds, holdSeconds, 0, (t) => {
    const envelope = Math.min(1, t / 0.012) * Math.min(1, (holdSeconds - t) / release) * Math.exp(-1.2 * t)
    return (
      0.15 * envelope * (Math.sin(turn * t) + 0.5 * Math.sin(2 * turn * t) + 0.12 * Math.sin(3 * turn * t))
    )
  })
}

function mixIn(
  [left, right]: Stereo,
  atSeconds: number,
  seconds: number,
  pan: number,
  sample: (seconds: number) => number,
): void {
  const angle = ((pan + 1) * Math.PI) / 4
  const [leftGain, rightGain] = [Math.cos(angle), Math.sin(angle)]
  const first = Math.round(atSeconds * musicRate)
  const last = Math.min(left.length, first + Math.round(seconds * musicRate))
  for (let i = first; i < last; i++) {
    const value = sample((i - first) / musicRate)
    left[i]! += leftGain * value
    right[i]! += rightGain * value
  }
}

/** Each echo comes from the other side. */
function echo([left, right]: Stereo, delaySeconds: number, gain: number): void {
  const delay = Math.round(delaySeconds * musicRate)
  for (let i = delay; i < left.length; i++) {
    const [fromLeft, fromRight] = [left[i - delay]!, right[i - delay]!]
    left[i]! += gain * fromRight
    right[i]! += gain * fromLeft
  }
}

function normalise(music: Stereo): void {
  const peak = Math.max(
    ...music.map((plane) => plane.reduce((highest, value) => Math.max(highest, Math.abs(value)), 0)),
  )
  const gain = 10 ** (peakDbfs / 20) / peak
  for (const plane of music) plane.forEach((value, i) => (plane[i] = value * gain))
}

/** Raised-cosine fades, in place. */
function fade(music: Stereo, inSeconds: number, outSeconds: number): Stereo {
  for (const plane of music) {
    const seconds = plane.length / musicRate
    plane.forEach((value, i) => {
      const open = Math.min(1, i / musicRate / inSeconds, (seconds - (i + 1) / musicRate) / outSeconds)
      plane[i] = value * (0.5 - 0.5 * Math.cos(Math.PI * open))
    })
  }
  return music
}
