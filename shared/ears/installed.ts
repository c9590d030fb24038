/**
 * The models that are installed: a folder each, with what is known of it beside its files. Hides how a model is found by
 * name, and which one is meant when nobody names one.
 */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Permanent } from '../errors.ts'
import { layoutOf, layoutsInWords, type Layout } from './layout.ts'
import { modelName } from './models.ts'

export const manifestFile = 'model.json'

const manifest = z.object({
  name: z.string().regex(modelName),
  title: z.string(),
  licence: z.string(),
  languages: z.string(),
  /** What sherpa-onnx is told that it is; empty: it finds out. */
  modelType: z.string(),
  /** Every file it consists of. */
  files: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string() })).min(2),
  /** Stands for all its bytes. */
  digest: z.string(),
  installedAt: z.iso.datetime(),
  /** As it was tried out on the machine where it was installed. */
  tried: z.object({
    loadMs: z.number(),
    megabytes: z.number(),
    /** Seconds of sound that one thread hears in a second. */
    timesRealTime: z.number(),
  }),
})

/** A model as its folder says. */
export type Manifest = z.infer<typeof manifest>

export interface InstalledModel extends Manifest {
  readonly folder: string
}

/** Those in `dir`, the newest first; a folder without a manifest that can be read is no model. */
export async function installedModels(dir: string): Promise<InstalledModel[]> {
  const names = await readdir(dir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  const found = await Promise.all(names.map((name) => readModel(path.join(dir, name))))
  return found
    .filter((model) => model !== undefined)
    .sort((a, b) => b.installedAt.localeCompare(a.installedAt) || a.name.localeCompare(b.name))
}

/** The model in a folder; undefined where there is none. */
export async function readModel(folder: string): Promise<InstalledModel | undefined> {
  const text = await readFile(path.join(folder, manifestFile), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : parseManifest(text, folder)
}

/** Undefined where the text is no manifest. */
export function parseManifest(text: string, folder: string): InstalledModel | undefined {
  try {
    const parsed = manifest.safeParse(JSON.parse(text))
    return parsed.success ? { ...parsed.data, folder } : undefined
  } catch {
    return undefined
  }
}

/** Which model a run hears with: its name, and what stands for its bytes where that is known. */
export interface ChosenModel {
  readonly name: string
  readonly digest: string | null
}

/** Where models are, and which one is meant when nobody names one. */
export interface Ears {
  readonly dir: string | undefined
  readonly model: string | undefined
}

/**
 * The model with this name, or the one that is meant when none is given: the deployment's own, or the one that was
 * installed last. Undefined where there is none.
 */
export async function chooseModel(
  { dir, model: deployed }: Ears,
  wanted: string | undefined,
): Promise<ChosenModel | undefined> {
  const name = wanted ?? deployed
  if (name !== undefined && !modelName.test(name)) return undefined
  if (dir === undefined) return name === undefined ? undefined : { name, digest: null }
  const models = await installedModels(dir)
  const found = name === undefined ? models[0] : models.find((model) => model.name === name)
  return found && { name: found.name, digest: found.digest }
}

/** Which of a model's files the recogniser is given. Throws Permanent `bad_model`. */
export function layoutOfModel({ name, files }: Pick<Manifest, 'name' | 'files'>): Layout {
  const layout = layoutOf(files.map((file) => file.name))
  if (!layout)
    throw new Permanent(
      'bad_model',
      `${name} is no model that can be heard with. It needs ${layoutsInWords}.`,
    )
  return layout
}
