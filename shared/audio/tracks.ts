/**
 * Which sound tracks of a file are heard, and how their channels become one or two: a filter graph for ffmpeg, and
 * what the producer is told of it. Hides the languages of a film, microphones that a recorder stores as channels,
 * and the clock of the file: where it holds no sound, silence is put, so that words and chapters stay in place.
 */
import type { Warning } from '../codes.ts'
import type { PcmFormat } from './pcm.ts'

/** A sound track as ffprobe describes it. */
export interface Track {
  /** Among all streams of the file. */
  readonly index: number
  readonly sampleRate: number
  readonly channels: number
  /** As ffmpeg names it; undefined when the file does not say which channel is what. */
  readonly layout: string | undefined
  /** ISO 639; undefined when not said. */
  readonly language: string | undefined
  /** How long after the file's start its sound begins. */
  readonly leadInSeconds: number
  readonly isDefault: boolean
  /** A commentary, or a description for the blind. */
  readonly isAside: boolean
}

/** Mixing more than this is no recording of anything. */
export const mostTracks = 32
/** swresample's matrices go no further. */
export const mostChannels = 64

/**
 * All tracks sound together, as microphones and the computer's sound do; of a film in several languages only those
 * of its default language.
 */
export function heardTracks(tracks: readonly Track[]): readonly Track[] {
  const main = tracks.filter(({ isAside }) => !isAside)
  const candidates = main.length > 0 ? main : tracks
  const languages = new Set(candidates.map(({ language }) => language))
  if (languages.size < 2) return candidates
  const { language } = candidates.find(({ isDefault }) => isDefault) ?? candidates[0]!
  return candidates.filter((track) => track.language === language)
}

/** Mono where every track is one channel, or several that are no stereo picture. */
export const heardChannels = (heard: readonly Track[]): 1 | 2 =>
  heard.every((track) => track.channels === 1 || areMicrophones(track)) ? 1 : 2

/** Of three channels and more that nobody names, each is a microphone. */
const areMicrophones = ({ channels, layout }: Track): boolean => channels > 2 && layout === undefined

/** Packets are stamped in milliseconds; a jump of more than this is a hole, not rounding. */
const leastGapSeconds = 0.01
/** Packets get lost one by one; where the clock jumps at so many frames on end it is wrong. */
const mostJumps = 8

/**
 * Moves each frame to the end of the one before, but behind a hole by as much as the file's clock jumps. Clocks that
 * run slower or faster than the samples are ignored: to follow them would cut or stretch speech. ffmpeg begins a new
 * graph where the rate changes within a file; from there on its clock is not to be trusted.
 */
function onTheClock(leadInSeconds: number): string {
  const [end, clockEnd, isTrusted, jumps, jump] = [0, 1, 2, 3, 4]
  return `asetpts='${[
    `if(eq(N,0),st(${isTrusted},lt(abs(PTS*TB-${leadInSeconds}),0.5));st(${end},PTS);st(${clockEnd},PTS))`,
    `st(${jump},if(gt(PTS-ld(${clockEnd}),${leastGapSeconds}/TB),PTS-ld(${clockEnd}),0))`,
    `st(${jumps},if(ld(${jump}),ld(${jumps})+1,0))`,
    `if(ld(${isTrusted})*lte(ld(${jumps}),${mostJumps}),st(${end},ld(${end})+ld(${jump})))`,
    `st(${clockEnd},PTS+NB_SAMPLES)`,
    `st(${end},ld(${end})+NB_SAMPLES)-NB_SAMPLES`,
  ].join(';')}'`
}

/** A filter graph from the heard tracks to `[out]` in the format asked for. */
export function filterGraph(heard: readonly Track[], pcm: PcmFormat): string {
  const isMix = heard.length > 1
  const chains = heard.map((track, i) =>
    [
      `[0:${track.index}]${onTheClock(track.leadInSeconds)}`,
      ...(areMicrophones(track) ? [equalParts(track.channels)] : []),
      // what stands in a channel for low tones is as often a microphone: it is heard too
      `aresample=${pcm.sampleRate}:async=1:min_hard_comp=${leastGapSeconds / 2}:lfe_mix_level=0.707` +
        (isMix ? ':first_pts=0' : ''),
      `${canonical(pcm)}${isMix ? `[t${i}]` : '[out]'}`,
    ].join(','),
  )
  if (!isMix) return chains[0]!
  const inputs = heard.map((_, i) => `[t${i}]`).join('')
  return [...chains, `${inputs}amix=inputs=${heard.length}:normalize=0:duration=longest[out]`].join(';')
}

/** The filter that leaves samples as canonical PCM has them. */
export const canonical = ({ channels, sampleFormat }: PcmFormat): string =>
  `aformat=channel_layouts=${channels === 1 ? 'mono' : 'stereo'}` +
  `:sample_fmts=${sampleFormat === 's16le' ? 's16' : 'flt'}`

const equalParts = (channels: number): string =>
  `pan=mono|c0=${Array.from({ length: channels }, (_, i) => `${(1 / channels).toFixed(6)}*c${i}`).join('+')}`

/** What was done to tracks and channels, for the producer. */
export function trackWarnings(all: readonly Track[], heard: readonly Track[], name: string): Warning[] {
  const warnings: Warning[] = []
  if (all.length > 1) warnings.push({ code: 'tracks_mixed', message: describeTracks(all, heard, name) })
  for (const track of heard) {
    if (track.channels <= 2) continue
    const how = areMicrophones(track)
      ? 'does not say what they are; they were mixed in equal parts'
      : `calls them ${track.layout}; they were mixed to two`
    warnings.push({
      code: 'channels_mixed',
      message:
        `${name} has ${track.channels} channels and ${how}. ` +
        'If the balance is wrong, export the microphones as single files and upload them as tracks.',
    })
  }
  return warnings
}

function describeTracks(all: readonly Track[], heard: readonly Track[], name: string): string {
  if (heard.length === all.length)
    return `${name} has ${all.length} sound tracks; they were mixed. If one is not to be heard, export without it.`
  const numbers = heard.map((track) => all.indexOf(track) + 1)
  return (
    `${name} has ${all.length} sound tracks, some in other languages or commentaries; only ` +
    `${numbers.length === 1 ? `track ${numbers[0]} is` : `tracks ${numbers.join(', ')} are`} heard. ` +
    'If another is meant, export it alone.'
  )
}
