/**
 * The gate before the feed: asks for an episode's files as a listener's application would, and says what it would trip
 * over. What anybody gets must be what was made, to the byte, of the right type, in ranges where it is long, and readable
 * for what it is. The audio is looked at where it lies, since its address may still lead to an earlier version.
 */
import { createHash } from 'node:crypto'
import type { Tools } from '../engine/step.ts'
import { deliverables, type DeliverableName } from '../episode/deliverables.ts'
import { Retryable } from '../errors.ts'
import { episodeName, publicName } from '../objects.ts'
import { namedByContent, type Version } from './public-files.ts'

const longestMs = 20_000
/** Apple: square, 1400 to 3000 pixels. */
const coverPixels = { least: 1400, most: 3000 }
const id3HeaderBytes = 10
const lookForFrameBytes = 4096

/** What is wrong with what is about to be published, a line each. Throws Retryable for what does not answer. */
export async function passGate(version: Version, tools: Tools): Promise<string[]> {
  const audio = version.files.includes('episode.mp3') ? [lookAtAudio(version, tools)] : []
  const looks = [...audio, ...namedByContent(version).map((file) => lookAtFile(file, version, tools))]
  return (await Promise.all(looks)).flatMap((complaint) => complaint ?? [])
}

/** As it was made: certified, and an MP3 of as many bytes as were counted. */
async function lookAtAudio(
  { episodeId, contentHash }: Version,
  { storage, config }: Tools,
): Promise<string | undefined> {
  const named = (file: DeliverableName) => ({
    bucket: config.buckets.episodes,
    name: episodeName(episodeId, contentHash, file),
  })
  const made = await storage.stat(named('episode.mp3'))
  if (!made) return 'episode.mp3 is not there any more'
  if (made.contentType !== deliverables['episode.mp3'].type)
    return `episode.mp3 is kept as ${made.contentType}`
  const head = await storage.read(named('episode.mp3'), { start: 0, end: id3HeaderBytes })
  const at = head.toString('latin1', 0, 3) === 'ID3' ? id3HeaderBytes + syncsafe(head.subarray(6, 10)) : 0
  if (at >= made.bytes) return 'episode.mp3 ends within its tags'
  const behind = { start: at, end: Math.min(made.bytes, at + lookForFrameBytes) }
  const beginning = await storage.read(named('episode.mp3'), behind)
  return hasFrame(beginning) ? undefined : 'episode.mp3 has no MP3 behind its tags'
}

/** A frame of layer III of any MPEG: what others have made may be of a lower rate, and have some bytes before it. */
const hasFrame = (bytes: Buffer): boolean =>
  bytes.some((byte, i) => byte === 0xff && (bytes[i + 1]! & 0xe6) === 0xe2)

/** ID3v2 counts in seven bits a byte. */
const syncsafe = (bytes: Buffer): number => bytes.reduce((sum, byte) => (sum << 7) | byte, 0)

async function lookAtFile(
  file: DeliverableName,
  { episodeId, podcastId, contentHash }: Version,
  { storage, config }: Tools,
): Promise<string | undefined> {
  const made = await storage.read({
    bucket: config.buckets.episodes,
    name: episodeName(episodeId, contentHash, file),
  })
  const url = `${config.publicBaseUrl}/${publicName(podcastId, episodeId, contentHash, file)}`
  const { status, type, body } = await fetched(url)
  if (status !== 200) return `${url} answers ${status}`
  const wanted = deliverables[file].type
  if (type !== wanted) return `${url} is given as ${type}, and should be ${wanted}`
  if (!isSame(body, made))
    return `${url} gives ${body.length} bytes that are not the ${made.length} of ${file}`
  const unreadable = await complaintAbout(file, body)
  return unreadable === undefined ? undefined : `${file} ${unreadable}`
}

async function fetched(url: string): Promise<{ status: number; type: string; body: Buffer }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(longestMs) })
    if (response.status >= 500) throw new Error(`it answers ${response.status}`)
    const body = Buffer.from(await response.arrayBuffer())
    return { status: response.status, type: response.headers.get('content-type') ?? 'nothing', body }
  } catch (error) {
    const why = (error as { cause?: unknown }).cause ?? error
    throw new Retryable('internal', `${url} cannot be had before publication: ${String(why)}`, {
      cause: error,
    })
  }
}

const isSame = (a: Buffer, b: Buffer): boolean => sha256(a) === sha256(b)
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** What a file lacks to be what it says it is. */
async function complaintAbout(file: DeliverableName, body: Buffer): Promise<string | undefined> {
  if (file.endsWith('.json')) return isJsonObject(body) ? undefined : 'is not JSON'
  if (file === 'transcript.vtt') return body.toString('utf8', 0, 6) === 'WEBVTT' ? undefined : 'is not WebVTT'
  if (file !== 'cover.jpg') return undefined
  const { default: sharp } = await import('sharp')
  const { width, height, format } = await sharp(body).metadata()
  const isFit = width === height && width >= coverPixels.least && width <= coverPixels.most
  return format === 'jpeg' && isFit ? undefined : `is a ${format} of ${width} × ${height} pixels`
}

function isJsonObject(body: Buffer): boolean {
  try {
    return typeof JSON.parse(body.toString('utf8')) === 'object'
  } catch {
    return false
  }
}
