/** Commands for the models that recognise speech on this machine. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { Permanent } from '../../../shared/errors.ts'
import { knownModel, knownModels, modelName, usualModel } from '../../../shared/ears/models.ts'
import { modelsFolder } from '../../host/models-folder.ts'
import { cancelled, print, WrongUsage } from '../frame.ts'

export function add(program: Command): void {
  const ears = program
    .command('ears')
    .description('models that write down what is said, on this machine and without a key')

  ears
    .command('install')
    .description('fetch a model, or take one that you have; licence and size are shown first')
    .argument('[model]', `one of ${Object.keys(knownModels).join(', ')}; with --from any name`)
    .option('--from <file>', "an archive (.tar.bz2, .tar.gz, .tar) or a folder with a model's files")
    .option('--sha256 <sum>', "what the archive's SHA-256 must be")
    .option('--json', 'print one JSON object instead of a summary')
    .action(async (model: string | undefined, { from, sha256, json }: InstallFlags) => {
      const name = model ?? (from === undefined ? usualModel : nameOf(from))
      mustMakeSense(name, { from, sha256 })
      const [{ installModel }, { aboutModel, summariseInstallation }, { uploadDisplay }] = await Promise.all([
        import('../ears-install.ts'),
        import('../ears.ts'),
        import('../progress.ts'),
      ])
      process.stderr.write(aboutModel(name, from))
      const display = from === undefined ? uploadDisplay(process.stderr) : undefined
      const progress = (share: number) => display?.sending(name, share, 1)
      const say = (line: string) => void process.stderr.write(`${line}\n`)
      const dir = modelsFolder(process.env)
      const wanted = { name, from: from === undefined ? undefined : path.resolve(from), sha256 }
      const installed = await installModel(dir, wanted, { say, progress }, cancelled()).finally(() =>
        display?.end(),
      )
      print(json, installed, summariseInstallation)
    })

  ears
    .command('list')
    .description('the models that are installed, and those that could be')
    .option('--json', 'print one JSON object instead of lines')
    .action(async ({ json }: { json?: true }) => {
      const { listModels, summariseModels } = await import('../ears.ts')
      print(json, await listModels(modelsFolder(process.env)), summariseModels)
    })

  ears
    .command('remove')
    .description('delete a model from this machine')
    .argument('<model>')
    .option('--json', 'print one JSON object instead of a line')
    .action(async (model: string, { json }: { json?: true }) => {
      const { removeModel } = await import('../ears.ts')
      if (!(await removeModel(modelsFolder(process.env), model)))
        throw new Permanent(
          'model_missing',
          `There is no model ${model} here. ./spool ears list shows those there are.`,
        )
      print(json, { removed: model }, ({ removed }) => `${removed} is gone.\n`)
    })
}

interface InstallFlags {
  readonly from?: string
  readonly sha256?: string
  readonly json?: true
}

/** An archive of the release has its model's name; any other gives its own. */
function nameOf(from: string): string {
  const file = path.basename(path.resolve(from))
  const known = Object.entries(knownModels).find(
    ([, { archive }]) => archive.replace('.tar.bz2', '') === bare(file),
  )
  return (
    known?.[0] ??
    bare(file)
      .toLowerCase()
      .replaceAll(/[^a-z\d.-]+/g, '-')
      .replaceAll(/^[^a-z\d]+/g, '')
  )
}

const bare = (file: string): string => file.replace(/\.(tar(\.(bz2|gz))?|tgz)$/, '')

function mustMakeSense(
  name: string,
  { from, sha256 }: { from: string | undefined; sha256: string | undefined },
): void {
  if (from === undefined && !knownModel(name))
    throw new WrongUsage(
      `There is no model "${name}"; there are ${Object.keys(knownModels).join(', ')}. ` +
        'One of your own comes with --from.',
    )
  if (!modelName.test(name))
    throw new WrongUsage(`"${name}" is no name for a model: small letters, digits, "." and "-", 63 at most.`)
  if (sha256 !== undefined && !/^[\da-f]{64}$/i.test(sha256))
    throw new WrongUsage('--sha256 takes 64 hexadecimal digits.')
  if (from !== undefined && !existsSync(from)) throw new WrongUsage(`There is no file or folder ${from}.`)
}
