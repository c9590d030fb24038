/** `spool ears list` and `remove`, and what is said of models. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { installedModels, readModel, type InstalledModel } from '../../shared/ears/installed.ts'
import { addressOf, knownModel, knownModels, type KnownModel } from '../../shared/ears/models.ts'
import type { Installation } from './ears-install.ts'

export interface ListedModel {
  readonly name: string
  readonly title: string
  readonly licence: string
  readonly languages: string
  readonly installed: boolean
  /** On the disk, or of the archive that would be fetched; null where it is not known. */
  readonly bytes: number | null
  /** Where it is; null where it is not installed. */
  readonly folder: string | null
  /** As tried out when it was installed; null where it is not. */
  readonly tried: InstalledModel['tried'] | null
}

export interface ModelList {
  readonly folder: string
  readonly models: readonly ListedModel[]
}

/** Those that are installed, the newest first, which is used when none is named; then those that could be. */
export async function listModels(dir: string): Promise<ModelList> {
  const installed = await installedModels(dir)
  const others = Object.entries<KnownModel>(knownModels).filter(
    ([name]) => !installed.some((model) => model.name === name),
  )
  return {
    folder: dir,
    models: [
      ...installed.map(({ name, title, licence, languages, tried, folder, files }): ListedModel => ({
        ...{ name, title, licence, languages, tried, folder, installed: true },
        bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      })),
      ...others.map(([name, { title, licence, languages, archiveBytes }]): ListedModel => ({
        ...{
          name,
          title,
          licence,
          languages,
          installed: false,
          bytes: archiveBytes,
          folder: null,
          tried: null,
        },
      })),
    ],
  }
}

const size = (bytes: number | null): string =>
  bytes === null ? 'size not known' : `${Math.round(bytes / 1e6)} MB`

export function summariseModels({ folder, models }: ModelList): string {
  const line = ({ name, installed, bytes, licence, languages, tried }: ListedModel): string =>
    `${installed ? 'installed' : '         '}  ${name.padEnd(14)} ${size(bytes).padStart(14)}  ${licence.padEnd(12)} ${languages}` +
    (tried ? `   ${costsOf(tried)}` : '')
  return `${models.map(line).join('\n')}\nModels are in ${folder}. ./spool ears install NAME fetches one.\n`
}

/** What a model takes on this machine. */
export const costsOf = ({ megabytes, timesRealTime, loadMs }: InstalledModel['tried']): string =>
  `${megabytes} MB of memory, ${timesRealTime} × real time on one core, opened in ${(loadMs / 1000).toFixed(1)} s`

/** What one agrees to by installing a model; said before anything is fetched. */
export function aboutModel(name: string, from: string | undefined): string {
  const known = knownModel(name)
  const origin = from ?? (known && addressOf(known)) ?? ''
  return [
    `Model     ${name}${known ? `: ${known.title}, ${known.languages}` : ''}`,
    `Licence   ${known?.licence ?? 'whatever came with it says'}`,
    `From      ${origin}${known && from === undefined ? ` (${size(known.archiveBytes)})` : ''}`,
    '',
  ].join('\n')
}

const vouched = {
  table: 'as it should be',
  caller: 'as you said',
  release: "as the release's own list says",
} as const

export function summariseInstallation({
  name,
  folder,
  tried,
  checkedBy,
  archiveSha256,
}: Installation): string {
  const sum =
    archiveSha256 === null
      ? 'not checked: it was a folder'
      : `${archiveSha256}, ${checkedBy === null ? 'which nobody has vouched for' : vouched[checkedBy]}`
  return [
    `Installed ${folder}`,
    `SHA-256   ${sum}`,
    `Takes     ${costsOf(tried)}`,
    `From now on ${name} writes down what has no words, where no provider's key is kept.`,
    '',
  ].join('\n')
}

/** False where there is no such model. */
export async function removeModel(dir: string, name: string): Promise<boolean> {
  const folder = path.join(dir, name)
  if (path.dirname(folder) !== path.resolve(dir) || !(await readModel(folder))) return false
  await rm(folder, { recursive: true })
  return true
}
