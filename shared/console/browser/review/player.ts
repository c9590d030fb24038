/**
 * Plays spans of a recording, as it is or as it will be. Hides that sound comes in pieces which are fetched ahead and
 * joined without a gap, and which time of the recording is heard when.
 */
import { address } from '../api.ts'
import type { Decision, Span } from './model.ts'

/** `unrestored`: before restoration, as loud as it is now. */
export type Manner = 'recorded' | 'edited' | 'unrestored'

export interface Playback {
  readonly manner: Manner
  readonly spans: readonly Span[]
  /** Those that are heard in a span of it. */
  readonly decisions: (span: Span) => readonly Decision[]
}

export interface PlayerNews {
  /** Where in the recording; undefined when nothing plays. */
  readonly at: (seconds: number | undefined) => void
  readonly failed: (error: unknown) => void
}

/** The first piece is short, so that one need not wait for it. */
const firstPieceSeconds = 6
const pieceSeconds = 20
/** What an address may carry; where more is decided, a piece is shorter. */
const longestDecisions = 4000
const keptPieces = 16
const leadSeconds = 0.05

interface Kept extends Span {
  readonly atSeconds: number
}

interface Piece {
  readonly buffer: AudioBuffer
  readonly kept: readonly Kept[]
}

/** `base`: the path of what is reviewed. */
export function createPlayer(base: string, news: PlayerNews) {
  const cache = new Map<string, Promise<Piece>>()
  let context: AudioContext | undefined
  let stop: (() => void) | undefined

  const fetchPiece = (url: string): Promise<Piece> => {
    const piece = cache.get(url) ?? load(context!, url)
    cache.delete(url)
    cache.set(url, piece)
    piece.catch(() => cache.delete(url))
    if (cache.size > keptPieces) cache.delete(cache.keys().next().value!)
    return piece
  }

  const play = (playback: Playback): void => {
    stop?.()
    context ??= new AudioContext()
    void context.resume()
    let isOver = false
    const sounding = new Set<AudioBufferSourceNode>()
    const heard: { from: number; to: number; kept: readonly Kept[] }[] = []
    let frame = 0
    const wasStopped = () => isOver
    const finish = () => {
      if (isOver) return
      isOver = true
      cancelAnimationFrame(frame)
      for (const node of sounding) node.stop()
      stop = undefined
      news.at(undefined)
    }
    stop = finish
    const tell = () => {
      const now = context!.currentTime
      const piece = heard.find(({ from, to }) => now >= from && now < to)
      const seconds = piece && recordingTime(piece.kept, now - piece.from)
      if (seconds !== undefined) news.at(seconds)
      frame = requestAnimationFrame(tell)
    }
    frame = requestAnimationFrame(tell)
    run().catch((error: unknown) => {
      if (!isOver) news.failed(error)
      finish()
    })

    async function run(): Promise<void> {
      let next = context!.currentTime + leadSeconds
      let ended = Promise.resolve()
      for (const span of pieces(playback)) {
        const { buffer, kept } = await fetchPiece(urlOf(span, playback))
        if (wasStopped()) return
        const from = Math.max(next, context!.currentTime + leadSeconds)
        const node = new AudioBufferSourceNode(context!, { buffer })
        node.connect(context!.destination)
        node.start(from)
        sounding.add(node)
        heard.push({ from, to: from + buffer.duration, kept })
        next = from + buffer.duration
        const thisEnded = endOf(node).then(() => void sounding.delete(node))
        await ended
        if (wasStopped()) return
        ended = thisEnded
      }
      await ended
      finish()
    }
  }

  /** Yields while it is played: what is decided meanwhile is heard in the pieces to come. */
  function* pieces({ spans, manner, decisions }: Playback): Generator<Span> {
    const isLong = (span: Span) => JSON.stringify(decisions(span)).length > longestDecisions
    let length = manner === 'unrestored' ? pieceSeconds : firstPieceSeconds
    for (const span of spans) {
      for (let at = span.startSeconds; at < span.endSeconds - 0.001;) {
        let endSeconds = Math.min(span.endSeconds, at + length)
        while (manner === 'edited' && endSeconds - at > 1 && isLong({ startSeconds: at, endSeconds }))
          endSeconds = at + (endSeconds - at) / 2
        yield { startSeconds: at, endSeconds }
        at = endSeconds
        length = pieceSeconds
      }
    }
  }

  const urlOf = ({ startSeconds, endSeconds }: Span, { manner, decisions }: Playback): string => {
    const taken = manner === 'edited' ? decisions({ startSeconds, endSeconds }) : []
    const query = new URLSearchParams({
      startSeconds: startSeconds.toFixed(4),
      endSeconds: endSeconds.toFixed(4),
      as: manner,
      ...(taken.length > 0 ? { decisions: JSON.stringify(taken) } : {}),
    })
    return address(`api${base}/review/sound?${query}`)
  }

  return { play, stop: () => stop?.(), isPlaying: () => stop !== undefined }
}

export type Player = ReturnType<typeof createPlayer>

const endOf = (node: AudioBufferSourceNode): Promise<void> =>
  new Promise((resolve) => node.addEventListener('ended', () => resolve()))

async function load(context: AudioContext, url: string): Promise<Piece> {
  const response = await fetch(url)
  if (!response.ok) {
    const { detail } = (await response.json().catch(() => ({}))) as { detail?: string }
    throw new Error(detail ?? `The sound cannot be had: the answer was ${response.status}.`)
  }
  const kept = (response.headers.get('spool-kept') ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [startSeconds, endSeconds, atSeconds] = part.split(/[-@]/).map(Number) as [number, number, number]
      return { startSeconds, endSeconds, atSeconds }
    })
  return { buffer: await context.decodeAudioData(await response.arrayBuffer()), kept }
}

function recordingTime(kept: readonly Kept[], seconds: number): number | undefined {
  const span = kept.findLast(({ atSeconds }) => atSeconds <= seconds) ?? kept[0]
  return span && Math.min(span.endSeconds, span.startSeconds + seconds - span.atSeconds)
}
