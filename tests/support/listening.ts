/**
 * What tests of the recogniser share: whether it can run here, and the digit model where Spool looks for models. Where the
 * optional package sherpa-onnx-node could not be installed such tests are passed over, and say so.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { installModel } from '../../local/cli/ears-install.ts'

export const digitModel = path.join(import.meta.dirname, 'digits')

const isInstalled = (): boolean => {
  try {
    const name = `sherpa-onnx-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
    return ['sherpa-onnx-node', name].every((each) => createRequire(import.meta.url).resolve(each) !== '')
  } catch {
    return false
  }
}

export const canHear = isInstalled()

if (!canHear)
  process.stderr.write(
    'sherpa-onnx-node is not installed for this machine: tests of the recogniser are passed over\n',
  )

/** A folder of models that is gone after `use`. */
export async function withModels<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(path.join(tmpdir(), 'spool-models-'))
  try {
    return await use(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const quietly = { say: () => undefined, progress: () => undefined }

/** Installs the digit model, or what else is given. */
export const install = (
  dir: string,
  name = 'digits',
  from = digitModel,
  sha256?: string,
): ReturnType<typeof installModel> =>
  installModel(dir, { name, from, sha256 }, quietly, new AbortController().signal)
