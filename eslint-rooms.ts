// Lint rules for the order of folders: a file imports only from its own folder and those below it, and no
// chain of imports is circular. Types count: a type that two folders share belongs in the lower one.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Rule } from 'eslint'
import ts from 'typescript'

/** From the top: each folder (or single file) may import those after it. */
export const order: readonly string[] = [
  'local/cli/main.ts',
  'bench',
  'tests',
  'bench/scale.ts',
  'bench/prices.ts', // these import nothing but each other
  'bench/contenders.ts',
  'bench/counting.ts',
  'bench/fleet.ts',
  'bench/flow.ts',
  'bench/history.ts',
  'bench/processes.ts',
  'bench/repeat.ts',
  'bench/word-errors.ts',
  'faults',
  'local/cli',
  'local/client',
  'local/host',
  'local/cloud-tasks',
  'local/cloud-storage',
  'local/doors',
  'deploy',
  'functions',
  'shared/console',
  'shared/api',
  'shared/review',
  'shared/mastering',
  'shared/webhooks',
  'shared/housekeeping',
  'shared/publishing',
  'shared/episode',
  'shared/show',
  'shared/edits',
  'shared/ears',
  'shared/alignment',
  'shared/words',
  'shared/providers',
  'shared/feed',
  'shared/engine',
  'shared/codec',
  'shared/timeline',
  'shared/db',
  'shared/mail',
  'shared/restoration',
  'shared/audio',
  'shared/settings',
  'migrations',
  'shared/kernel',
  'shared',
]

const root = import.meta.dirname
const relative = (file: string): string => path.relative(root, file).split(path.sep).join('/')

/** The entry of `order` that a file lies in: the deepest one. */
const folderOf = (file: string): string | undefined =>
  order
    .filter((folder) => `${relative(file)}/`.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0]

const known = new Map<string, string[]>()

/** The project's own files that a file imports, types and dynamic imports among them. */
function importsOf(file: string): string[] {
  if (!known.has(file)) {
    const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'))
    const own = importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    known.set(
      file,
      own
        .map(({ fileName }) => path.resolve(path.dirname(file), fileName))
        .filter((found) => existsSync(found)),
    )
  }
  return known.get(file)!
}

/** The shortest chain of imports from one file to another; undefined when there is none. */
function chain(from: string, to: string): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[from, undefined]])
  for (const file of cameFrom.keys()) {
    if (file === to) {
      const steps: string[] = []
      for (let at: string | undefined = file; at !== undefined; at = cameFrom.get(at))
        steps.unshift(relative(at))
      return steps
    }
    for (const next of importsOf(file)) if (!cameFrom.has(next)) cameFrom.set(next, file)
  }
  return undefined
}

/** Looks at one import: the file it stands in, and the file it names. A message is a complaint. */
type Check = (file: string, target: string) => string | undefined

const visitImports = (check: Check): Rule.RuleModule => ({
  meta: { type: 'problem', schema: [] },
  create(context) {
    const look = ({ source }: { source?: object | null | undefined }): void => {
      const spec = source && 'value' in source ? source.value : undefined
      if (typeof spec !== 'string' || !spec.startsWith('.')) return
      const message = check(context.filename, path.resolve(path.dirname(context.filename), spec))
      if (message !== undefined) context.report({ node: source as never, message })
    }
    return {
      ImportDeclaration: look,
      ExportNamedDeclaration: look,
      ExportAllDeclaration: look,
      ImportExpression: look,
    }
  },
})

const noUpwardImport = visitImports((file, target) => {
  const [from, to] = [folderOf(file), folderOf(target)]
  if (from === undefined || to === undefined || order.indexOf(to) >= order.indexOf(from)) return undefined
  return (
    `${from}/ lies below ${to}/ and may not import from it. What both need belongs in ${from}/ or below ` +
    `it; what only ${to}/ knows is handed down as an argument. The order is in eslint-rooms.ts and ` +
    `ARCHITECTURE.md.`
  )
})

const noCircle = visitImports((file, target) => {
  const back = existsSync(target) ? chain(target, file) : undefined
  if (!back) return undefined
  return (
    `A circle of imports: ${[relative(file), ...back].join(' → ')}. ` +
    `Move what they share into a file of its own that imports none of them.`
  )
})

export default {
  rules: { 'no-upward-import': noUpwardImport, 'no-circle': noCircle },
}
