/**
 * Takes a model's files out of an archive (tar, alone or through gzip or bzip2). Hides that nothing else of the archive
 * comes onto the disk: no path but a file's own name, no link, no more bytes or entries than a model has.
 */
import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { writeModelFile, type ModelFile } from '../../shared/ears/model-file.ts'
import { Permanent } from '../../shared/errors.ts'

/** The largest model of the release has 3 GB. */
export const mostBytes = 8 * 1024 ** 3
const mostEntries = 500
/** Weights, tokens, and what says who may use them. */
export const isOfModel = (name: string): boolean =>
  /\.(onnx|weights|data)$|^[\w.-]*tokens\.txt$|^(LICEN[CS]E|README)/i.test(name)

/** Writes into `folder`, which is empty. Throws Permanent `bad_model`. */
export async function unpack(archive: string, folder: string): Promise<ModelFile[]> {
  const files: ModelFile[] = []
  let [entries, room] = [0, mostBytes]
  const reader = extract()
  const reading = (async () => {
    for await (const entry of reader) {
      const { name: whole, type, size } = entry.header
      if (++entries > mostEntries) throw refused(archive, `it has more than ${mostEntries} entries`)
      const parts = whole.split('/').filter((part) => part !== '' && part !== '.')
      const name = parts.at(-1) ?? ''
      if (type !== 'file' || parts.length > 2 || !isOfModel(name)) {
        entry.resume()
        continue
      }
      room -= size
      if (room < 0) throw refused(archive, `it has more than ${mostBytes} bytes unpacked`)
      if (files.some((file) => file.name === name)) throw refused(archive, `it has two files ${name}`)
      files.push(await writeModelFile(name, Readable.from(entry), path.join(folder, name)))
    }
  })()
  try {
    await Promise.all([reading, pipeline(await unpacked(archive), reader)])
  } catch (error) {
    reader.destroy(error instanceof Error ? error : undefined)
    await reading.catch(() => undefined)
    throw error instanceof Permanent ? error : refused(archive, reasonOf(error), error)
  }
  return files
}

/** What to do about an archive that cannot be used. */
const refused = (archive: string, why: string, cause?: unknown): Permanent =>
  new Permanent(
    'bad_model',
    `${path.basename(archive)} cannot be used: ${why}. Fetch it again, and compare its SHA-256 with the release's.`,
    { cause },
  )

const reasonOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  if (/Unexpected end|Premature close|unexpected end of file/i.test(message)) return 'it ends too early'
  if (/Invalid tar header/i.test(message)) return 'it is no tar archive'
  return message
}

/** The tar in an archive, by the first bytes of it. */
async function unpacked(archive: string): Promise<AsyncIterable<Buffer>> {
  const handle = await open(archive)
  const { buffer } = await handle.read(Buffer.alloc(3), 0, 3, 0).finally(() => handle.close())
  if (buffer.toString('latin1') === 'BZh') return bunzipped(archive)
  const source = createReadStream(archive)
  return buffer[0] === 0x1f && buffer[1] === 0x8b ? source.pipe(createGunzip()) : source
}

/** bzip2 is a program that macOS and all but the smallest Linux have; in JavaScript it takes minutes. */
async function* bunzipped(archive: string): AsyncGenerator<Buffer> {
  const file = await open(archive)
  const child = spawn('bzip2', ['-dc'], { stdio: [file.fd, 'pipe', 'pipe'] })
  let printed = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(0, 1000)))
  const ended = new Promise<number | string>((resolve) => {
    child.on('error', ({ message }) => resolve(message))
    child.on('close', (code, by) => resolve(code ?? by ?? 1))
  })
  try {
    yield* child.stdout as AsyncIterable<Buffer>
    const status = await ended
    if (typeof status === 'string')
      throw new Permanent(
        'bad_model',
        `The program bzip2 cannot be run (${status}): install it, or unpack ${archive} and give its folder to --from.`,
      )
    if (status !== 0)
      throw new Error(/ends? unexpectedly/.test(printed) ? 'it ends too early' : 'it is damaged')
  } finally {
    child.kill()
    await file.close()
  }
}
