/**
 * What Spool is measured against: LAME alone, the usual ffmpeg recipe, and the programs people use for the same work
 * where this machine has them. Hides their command lines.
 */
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { costOf, type Cost } from './processes.ts'

export interface Speech {
  readonly file: string
  readonly seconds: number
}

const bitrate = '128k'

/** Decodes and encodes a part of the file, or all of it, and discards the result. */
export const lame = (file: string, ...part: string[]): string[] => {
  const input = ['ffmpeg', '-v', 'error', '-nostdin', '-threads', '1', ...part, '-i', file]
  return [...input, '-c:a', 'libmp3lame', '-b:a', bitrate, '-f', 'null', '-']
}

/** The least time anything needs to make an MP3 of it: half of the file on each core, at once. */
export async function lameOnBothCores({ file, seconds }: Speech): Promise<Cost> {
  const started = performance.now()
  const half = String(seconds / 2)
  const halves = await Promise.all([costOf(lame(file, '-t', half)), costOf(lame(file, '-ss', half))])
  return {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: Math.max(...halves.map(({ cpuSeconds }) => cpuSeconds)), // both saw the children of both
    peakMegabytes: Math.max(...halves.map(({ peakMegabytes }) => peakMegabytes)),
  }
}

/** The recipe of every how-to: measure with loudnorm, then apply what was measured and encode. */
export async function loudnormTwice({ file }: Speech, dir: string): Promise<Cost> {
  const target = 'loudnorm=I=-16:TP=-1:LRA=11'
  const input = ['-hide_banner', '-nostats', '-nostdin', '-y', '-i', file]
  const first = await costOf(['ffmpeg', ...input, '-af', `${target}:print_format=json`, '-f', 'null', '-'])
  const found = JSON.parse(
    first.complaint.slice(first.complaint.lastIndexOf('{'), first.complaint.lastIndexOf('}') + 1),
  ) as Record<string, string>
  const known = [
    `measured_I=${found['input_i']}`,
    `measured_TP=${found['input_tp']}`,
    `measured_LRA=${found['input_lra']}`,
    `measured_thresh=${found['input_thresh']}`,
    `offset=${found['target_offset']}`,
  ].join(':')
  const encoder = ['-ar', '48000', '-c:a', 'libmp3lame', '-b:a', bitrate]
  const second = await costOf([
    'ffmpeg',
    ...input,
    '-af',
    `${target}:${known}:linear=true`,
    ...encoder,
    path.join(dir, 'loudnorm.mp3'),
  ])
  return {
    seconds: first.seconds + second.seconds,
    cpuSeconds: first.cpuSeconds + second.cpuSeconds,
    peakMegabytes: Math.max(first.peakMegabytes, second.peakMegabytes),
  }
}

/** A program that does a part of what Spool does, called as its own documentation has it. */
export interface Peer {
  readonly program: string
  /** What it does of Spool's work. */
  readonly does: string
  readonly args: (file: string, out: string) => readonly string[]
}

const peers: readonly Peer[] = [
  {
    program: 'auto-editor',
    does: 'silences cut, MP3',
    // its default, 4 % of full scale, decides what is silent; an MP3's encoder is its default as well
    args: (file, out) => [file, '--no-open', '-b:a', bitrate, '-o', out],
  },
  {
    program: 'ffmpeg-normalize',
    does: '-16 LUFS, MP3',
    // loudnorm leaves 192 kHz behind, which no MP3 has
    args: (file, out) => [
      ...[file, '-t', '-16', '-tp', '-1', '-c:a', 'libmp3lame', '-b:a', bitrate],
      ...['-ar', '48000', '-f', '-o', out],
    ],
  },
]

/** Peers found on the search path, as an active Python environment or the system has them, and those that are not. */
export function findPeers(searchPath = process.env['PATH'] ?? ''): { found: Peer[]; missing: string[] } {
  const isThere = ({ program }: Peer) =>
    searchPath.split(path.delimiter).some((folder) => isExecutable(path.join(folder, program)))
  return {
    found: peers.filter(isThere),
    missing: peers.filter((peer) => !isThere(peer)).map(({ program }) => program),
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Temporary files are its own: auto-editor keeps there what it measured, and the next run would find it. */
export async function costOfPeer({ program, args }: Peer, file: string, dir: string): Promise<Cost> {
  const own = await mkdtemp(path.join(dir, 'peer-'))
  const cost = await costOf([program, ...args(file, path.join(own, 'out.mp3'))], {
    ...process.env,
    TMPDIR: own,
  })
  await rm(own, { recursive: true })
  return cost
}
