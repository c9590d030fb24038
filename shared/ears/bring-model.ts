/**
 * Brings a model to where the recogniser reads it: where models are installed it is there; a deployed function fetches it
 * from the bucket of working files into its own memory, once in an instance's life. Hides how it is checked on its way.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Config } from '../config.ts'
import { Missing, Permanent } from '../errors.ts'
import type { ObjectStore } from '../storage.ts'
import { manifestFile, parseManifest, readModel, type InstalledModel } from './installed.ts'
import { writeModelFile } from './model-file.ts'

/** In the bucket of working files; `spool ears list --json` names the folder on this machine that is copied there. */
export const modelFolder = (name: string): string => `models/${name}/`

/** Throws Permanent `model_missing`, `bad_model`. */
export async function bringModel(
  name: string,
  { ears, buckets }: Pick<Config, 'ears' | 'buckets'>,
  storage: Pick<ObjectStore, 'read' | 'readStream' | 'stat'>,
): Promise<InstalledModel> {
  if (ears.dir !== undefined) {
    const found = await readModel(path.join(ears.dir, name))
    if (found) return found
    throw new Permanent(
      'model_missing',
      `The model ${name} is not installed any more. Install it again: ./spool ears install ${name}`,
    )
  }
  const folder = path.join(tmpdir(), 'spool-models', name)
  return (await readModel(folder)) ?? (await fetchModel(name, buckets.work, folder, storage))
}

async function fetchModel(
  name: string,
  bucket: string,
  folder: string,
  storage: Pick<ObjectStore, 'read' | 'readStream' | 'stat'>,
): Promise<InstalledModel> {
  const at = (file: string) => ({ bucket, name: modelFolder(name) + file })
  const text = await storage.read(at(manifestFile)).catch((error: unknown) => {
    if (!(error instanceof Missing)) throw error
    throw new Permanent(
      'model_missing',
      `There is no model ${name} in ${bucket}/${modelFolder(name)}. docs/words.md says how it comes there.`,
    )
  })
  const model = parseManifest(text.toString('utf8'), folder)
  if (!model)
    throw new Permanent('bad_model', `${bucket}/${modelFolder(name)}${manifestFile} cannot be read.`)
  const beside = `${folder}.${process.pid}`
  await rm(beside, { recursive: true, force: true })
  await mkdir(beside, { recursive: true })
  for (const file of model.files) {
    const source = storage.readStream(at(file.name), { start: 0, end: file.bytes })
    const { sha256 } = await writeModelFile(file.name, source, path.join(beside, path.basename(file.name)))
    if (sha256 !== file.sha256)
      throw new Permanent(
        'bad_model',
        `${file.name} of ${name} in ${bucket} is not the file that was installed. Copy it there again.`,
      )
  }
  await writeFile(path.join(beside, manifestFile), text)
  await rename(beside, folder).catch(async (error: unknown) => {
    if (!(await readModel(folder))) throw error // another call of this instance was faster
  })
  return model
}
