/**
 * What stands in the way of a job, said at once and before anything starts. Hides how files are looked into, and how a
 * folder that is not there yet is tried.
 */
import { constants } from 'node:fs'
import { access, open, stat, statfs } from 'node:fs/promises'
import path from 'node:path'
import type { ErrorCode } from '../../shared/codes.ts'
import { usualRecordingBytes } from '../../shared/config.ts'
import { NotReady, type Fault } from '../../shared/episode/not-ready.ts'
import { faultsOf, type BroughtFile } from '../../shared/episode/preflight.ts'
import { roomFor } from '../../shared/episode/quote.ts'
import { isOfEpisode, notSpools, strangersIn } from './output-folder.ts'
import { coverBeside, type Job } from './job-files.ts'

/** Throws NotReady. `stateDir`: where the work is done, when it is done here. */
export async function mustBeReady(
  job: Job,
  { stateDir, out }: { stateDir?: string; out?: string } = {},
): Promise<void> {
  const besides = { template: job.template, chapters: job.chapters }
  const showCover = job.podcast === undefined ? undefined : coverBeside(job.podcast)
  const faults = await faultsOf({
    recordings: await Promise.all(job.recordings.map(broughtFile)),
    ...(await documentsOf(job)),
    showCover: showCover && (await broughtFile(showCover.path)),
    title: job.title,
    number: job.number === undefined ? undefined : Number(job.number),
    before: 'unknown', // the Spool that has it says what its scripts lack
    mostBytes: Number(process.env['MAX_RECORDING_BYTES'] ?? usualRecordingBytes),
    asset: async (file, namedBy) => {
      const beside = path.join(path.dirname(besides[namedBy]!), file)
      return (await isThere(beside)) ? await broughtFile(beside) : undefined
    },
  })
  faults.push(...twiceFaults(job))
  if (out !== undefined) faults.push(...(await outFaults(out)))
  if (job.out !== undefined) faults.push(...(await takenFaults(job, job.out)))
  if (stateDir !== undefined) faults.push(...(await roomFaults(job, stateDir)))
  if (faults.length > 0) throw new NotReady(faults)
}

/**
 * Of what a Spool finds, what `mustBeReady` has not looked into: what was never said of the episode, and a time that is
 * past, which may be the one that it was told before; with the template of the Spool whatever that finds in it. Each under its owner's
 * name for the file.
 */
export const notLookedInto = ({ template, episode }: Job, faults: readonly Fault[]): readonly Fault[] =>
  faults.flatMap(({ code, file, message }) => {
    if (code === 'bad_episode_file' && episode !== undefined)
      return [{ code, file: episode, message: message.replace(file, () => episode) }]
    if (template === undefined) return [{ code, file, message }]
    return code === 'missing_variable' ? [{ code, file: template, message }] : []
  })

const documentNames = ['words', 'template', 'podcast', 'episode', 'cover', 'chapters'] as const

async function documentsOf(job: Job): Promise<Partial<Record<(typeof documentNames)[number], BroughtFile>>> {
  const given = documentNames.flatMap((name) => (job[name] === undefined ? [] : [[name, job[name]] as const]))
  return Object.fromEntries(
    await Promise.all(given.map(async ([name, file]) => [name, await broughtFile(file)] as const)),
  )
}

const broughtFile = async (file: string): Promise<BroughtFile> => ({
  name: file,
  bytes: (await stat(file)).size,
  head: async (length) => {
    const handle = await open(file)
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  },
})

const isThere = (file: string): Promise<boolean> =>
  access(file, constants.R_OK).then(
    () => true,
    () => false,
  )

/** A jingle may come again between others; nobody speaks on two tracks. */
function twiceFaults({ recordings, tracks = false }: Job): Fault[] {
  const places = recordings.map((file) => path.resolve(file))
  const again = tracks ? recordings.filter((_, i) => places.indexOf(places[i]!) < i) : []
  return [...new Set(again)].map((file) => ({
    code: 'bad_upload',
    file,
    message: `${file} is named twice: with --tracks each file is a track of its own.`,
  }))
}

/** The folder, or the nearest that is there, takes files. */
async function outFaults(out: string): Promise<Fault[]> {
  const refused = (why: string): Fault[] => [
    {
      code: 'bad_output',
      file: out,
      message: `Nothing can be written to ${out}: ${why}. Name another folder with --out.`,
    },
  ]
  for (let folder = path.resolve(out); ; folder = path.dirname(folder)) {
    const found = await stat(folder).catch((error: unknown) => (error as NodeJS.ErrnoException).code)
    if (found === 'ENOENT' && folder !== path.dirname(folder)) continue
    if (typeof found !== 'object')
      return refused(found === 'ENOTDIR' ? `${path.dirname(folder)} is a file` : String(found))
    if (!found.isDirectory()) return refused(`${folder} is a file`)
    const isWritable = await access(folder, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    )
    const { type } = await statfs(folder)
    return isWritable && type !== procFs ? [] : refused(`${folder} is not to be written to`)
  }
}

/** Nobody's own files are replaced by an episode's, nor what it is made of. */
async function takenFaults({ recordings, words, cover, chapters }: Job, out: string): Promise<Fault[]> {
  const folder = path.resolve(out)
  const given = [...recordings, ...[words, cover, chapters].filter((file) => file !== undefined)]
  const own = given.filter((file) => path.dirname(path.resolve(file)) === folder && isOfEpisode(file))
  const files = [...new Set([...own.map((file) => path.basename(file)), ...(await strangersIn(folder))])]
  return files.length === 0 ? [] : [{ code: 'bad_output', file: out, message: notSpools(out, files) }]
}

/** Root may write anywhere, it says; but nothing is made there (linux/magic.h). */
const procFs = 0x9fa0

async function roomFaults({ recordings }: Job, stateDir: string): Promise<Fault[]> {
  const sizes = await Promise.all(recordings.map(async (file) => (await stat(file)).size))
  const needed = roomFor(sizes.reduce((sum, bytes) => sum + bytes, 0))
  const { bavail, bsize } = await statfs(await nearestFolder(stateDir))
  const free = bavail * bsize
  if (free >= needed) return []
  const [has, wants] = [free, needed].map((bytes) => `${(bytes / 1e9).toFixed(1)} GB`)
  return [
    {
      code: 'disk_full' satisfies ErrorCode,
      file: stateDir,
      message: `There is ${has} free where Spool works (${stateDir}), and this may need ${wants}. Make room, or let SPOOL_STATE name a folder on another disk.`,
    },
  ]
}

async function nearestFolder(folder: string): Promise<string> {
  return (await isThere(folder)) ? folder : await nearestFolder(path.dirname(path.resolve(folder)))
}
