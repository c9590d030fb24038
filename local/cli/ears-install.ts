/**
 * `spool ears install`: from a release, an archive or a folder to a model that hears. Hides the download, its check, and
 * that a model is there whole or not at all: everything happens beside, is tried out, and moves in at the end.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Permanent } from '../../shared/errors.ts'
import { layoutOf, layoutsInWords } from '../../shared/ears/layout.ts'
import { manifestFile, readModel, type InstalledModel, type Manifest } from '../../shared/ears/installed.ts'
import { openListener } from '../../shared/ears/listener.ts'
import { writeModelFile, type ModelFile } from '../../shared/ears/model-file.ts'
import { addressOf, knownModel, sumsAddress, type KnownModel } from '../../shared/ears/models.ts'
import { isOfModel, mostBytes, unpack } from './unpack.ts'

export interface Wanted {
  readonly name: string
  /** An archive, or a folder with a model's files; the release when not given. */
  readonly from: string | undefined
  /** What the archive's SHA-256 must be, in hexadecimal. */
  readonly sha256: string | undefined
}

export interface Installation extends InstalledModel {
  /** Who vouches for the archive's sum; null where nobody does. */
  readonly checkedBy: 'table' | 'caller' | 'release' | null
  /** The archive's; null of a folder. */
  readonly archiveSha256: string | null
}

/**
 * Installs a model in `dir`, in place of one of the same name. `say`: a line for people; `progress`: 0 to 1 of a
 * download. Throws Permanent `bad_model`, `model_unreachable`, `recogniser_missing`; the signal's reason.
 */
export async function installModel(
  dir: string,
  { name, from, sha256 }: Wanted,
  { say, progress }: { say: (line: string) => void; progress: (share: number) => void },
  signal: AbortSignal,
): Promise<Installation> {
  const known = knownModel(name)
  await mkdir(dir, { recursive: true })
  const beside = await mkdtemp(path.join(dir, '.installing-'))
  try {
    const source = from ?? (await download(known!, path.join(beside, known!.archive), progress, signal))
    const isFolder = (await stat(source)).isDirectory()
    const sum = isFolder ? null : await sumOf(source, signal)
    const checkedBy = sum === null ? null : await check(source, sum, known, sha256, from === undefined, say)
    const folder = path.join(beside, name)
    await mkdir(folder)
    const files = await onlyNeeded(
      folder,
      isFolder ? await copied(source, folder) : await unpack(source, folder),
    )
    say('Trying it out …')
    const model = await describe(name, known, folder, files, signal)
    await moveIn(folder, path.join(dir, name))
    return { ...model, folder: path.join(dir, name), checkedBy, archiveSha256: sum }
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}

async function download(
  known: KnownModel,
  to: string,
  progress: (share: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const address = addressOf(known)
  const remedy = `Fetch it another way, and give it with --from ${known.archive}.`
  const failed = (why: string, cause?: unknown) =>
    new Permanent('model_unreachable', `${address} could not be fetched: ${why}. ${remedy}`, { cause })
  try {
    const response = await fetch(address, { signal })
    if (!response.ok || !response.body) throw failed(`the answer is ${response.status}`)
    const length = Number(response.headers.get('content-length') ?? known.archiveBytes ?? 0)
    const most = known.archiveBytes ?? mostBytes
    let bytes = 0
    await pipeline(
      Readable.fromWeb(response.body as never),
      async function* (parts: AsyncIterable<Buffer>) {
        for await (const part of parts) {
          bytes += part.length
          if (bytes > most) throw failed(`it has more than the ${most} bytes that it should have`)
          if (length > 0) progress(bytes / length)
          yield part
        }
      },
      createWriteStream(to),
    )
    return to
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof Permanent) throw error
    const { cause } = error as { cause?: { code?: string } }
    throw failed(cause?.code ?? (error instanceof Error ? error.message : String(error)), error)
  }
}

async function sumOf(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash, { signal })
  return hash.digest('hex')
}

/** Who vouches for an archive. Throws Permanent `bad_model` where it has another sum than somebody says it has. */
async function check(
  archive: string,
  sum: string,
  known: KnownModel | undefined,
  told: string | undefined,
  isFetched: boolean,
  say: (line: string) => void,
): Promise<Installation['checkedBy']> {
  const wrong = (wanted: string): Permanent =>
    new Permanent(
      'bad_model',
      `${path.basename(archive)} is not what it should be: its SHA-256 is ${sum}, and it should be ${wanted}. ` +
        'It was cut short or changed on its way, or is another model: fetch it again. If you have packed it yourself, ' +
        'say so with --sha256.',
    )
  const wanted =
    told?.toLowerCase() ?? known?.sha256 ?? (known && isFetched ? await releasedSum(known) : undefined)
  if (wanted !== undefined) {
    if (wanted !== sum) throw wrong(wanted)
    return told !== undefined ? 'caller' : known?.sha256 ? 'table' : 'release'
  }
  say(`Nobody here knows what its SHA-256 should be. It is ${sum}: compare it with ${sumsAddress}`)
  return null
}

/** What the release itself says; it comes the same way as the archive, so it tells damage and nothing more. */
async function releasedSum({ archive }: KnownModel): Promise<string | undefined> {
  const response = await fetch(sumsAddress).catch(() => undefined)
  const text = response?.ok ? await response.text() : ''
  const line = text.split('\n').find((each) => each.trim().split(/\s+/)[0] === archive)
  const sum = line?.trim().split(/\s+/)[1]
  return sum !== undefined && /^[\da-f]{64}$/.test(sum) ? sum : undefined
}

async function copied(source: string, folder: string): Promise<ModelFile[]> {
  const entries = await readdir(source, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile() && isOfModel(entry.name)).map((entry) => entry.name)
  return await Promise.all(
    names
      .sort()
      .map((name) =>
        writeModelFile(name, createReadStream(path.join(source, name)), path.join(folder, name)),
      ),
  )
}

/** Of weights that are there twice, only those that are used stay. Throws Permanent `bad_model`. */
async function onlyNeeded(folder: string, files: readonly ModelFile[]): Promise<ModelFile[]> {
  const layout = layoutOf(files.map(({ name }) => name))
  if (!layout)
    throw new Permanent(
      'bad_model',
      `There is no model in it that can be heard with. There should be ${layoutsInWords}; ` +
        `there is ${files.length === 0 ? 'nothing of it' : files.map(({ name }) => name).join(', ')}.`,
    )
  const used: readonly string[] = Object.values(layout.files)
  const needless = files.filter(({ name }) => name.endsWith('.onnx') && !used.includes(name))
  await Promise.all(needless.map(({ name }) => rm(path.join(folder, name))))
  return files.filter((file) => !needless.includes(file))
}

async function describe(
  name: string,
  known: KnownModel | undefined,
  folder: string,
  files: readonly ModelFile[],
  signal: AbortSignal,
): Promise<InstalledModel> {
  const sums = files.map((file) => `${file.name} ${file.sha256}\n`).sort()
  const untried = {
    name,
    title: known?.title ?? name,
    licence: known?.licence ?? 'see its files',
    languages: known?.languages ?? 'not known',
    modelType: known?.modelType ?? '',
    files: [...files],
    digest: createHash('sha256').update(sums.join('')).digest('hex'),
    installedAt: new Date().toISOString(),
  }
  const tried = await tryOut({ ...untried, folder }, signal)
  const manifest: Manifest = { ...untried, tried }
  await writeFile(path.join(folder, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`)
  return { ...manifest, folder }
}

const trialSeconds = 20
const trialRate = 16_000

/** Opens it and has it hear a noise, in the process that it will work in. Throws Permanent `bad_model`. */
async function tryOut(
  model: Pick<InstalledModel, 'name' | 'files' | 'folder' | 'modelType'>,
  signal: AbortSignal,
): Promise<Manifest['tried']> {
  const noise = Float32Array.from(
    { length: trialSeconds * trialRate },
    (_, i) => ((i * 7919) % 2003) / 40_000,
  )
  const startedAt = performance.now()
  try {
    const listener = await openListener(model, undefined, signal)
    try {
      const openedAt = performance.now()
      await listener.hear(noise, trialRate)
      return {
        loadMs: Math.round(openedAt - startedAt),
        megabytes: Math.ceil(listener.peakBytes() / 1e6),
        timesRealTime: Math.round(trialSeconds / ((performance.now() - openedAt) / 1000)),
      }
    } finally {
      listener.close()
    }
  } catch (error) {
    if (signal.aborted || (error as { code?: string }).code === 'recogniser_missing') throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new Permanent(
      'bad_model',
      `${model.name} cannot be opened: its files are damaged, or of another kind. ${why}`,
      {
        cause: error,
      },
    )
  }
}

/** In place of an earlier one, which stays until this one is there. */
async function moveIn(folder: string, place: string): Promise<void> {
  const old = `${folder}.old`
  if (await readModel(place)) await rename(place, old)
  else await rm(place, { recursive: true, force: true })
  await rename(folder, place)
}
