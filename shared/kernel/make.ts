/**
 * Compiles the kernels: `node shared/kernel/make.ts`. The binary is written as a module of base64 text, so that a
 * bundle needs nothing but itself; a test compiles again and compares.
 */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Its own types would declare globals for the whole project; this is what is used of them. */
interface Compiler {
  main(
    options: readonly string[],
    files: { writeFile(name: string, contents: Uint8Array): void },
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>
}
const compilerName: string = 'assemblyscript/asc'

const source = path.join(import.meta.dirname, 'assembly/kernel.ts')
export const binaryFile = path.join(import.meta.dirname, 'binary.ts')

/** In pages of 64 KiB: `memory.ts` divides them. The memory never grows, so no view of it is ever lost. */
const pages = '22'
const options = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'],
  ...['--initialMemory', pages, '--maximumMemory', pages],
]

/** The text of `binary.ts`. Throws what the compiler complains of. */
export async function compiled(): Promise<string> {
  const compiler = (await import(compilerName)) as Compiler
  const written: Uint8Array[] = []
  const { error, stderr } = await compiler.main([source, '--outFile', 'kernel.wasm', ...options], {
    writeFile: (_name, contents) => {
      written.push(contents)
    },
  })
  if (error || stderr.toString() !== '')
    throw new Error(`The kernels do not compile.\n${stderr.toString()}`, { cause: error })
  const base64 = Buffer.concat(written).toString('base64')
  const lines = base64.match(/.{1,100}/g)!.map((line) => `  '${line}',`)
  return `/** The kernels, compiled from assembly/ by \`node shared/kernel/make.ts\`: WebAssembly as base64. */
export const binary = [
${lines.join('\n')}
].join('')
`
}

if (import.meta.main) await writeFile(binaryFile, await compiled())
