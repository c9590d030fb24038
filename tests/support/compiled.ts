/**
 * V8's compiled code of the modules that test files load, kept by their text. Jest compiles every module anew for
 * every test file, which for those that load the whole application is half of the time that loading takes.
 */
import vm from 'node:vm'

const { compileFunction, SourceTextModule } = vm
const functions = new Map<string, Buffer>()
const modules = new Map<string, Buffer>()

/** V8 compiles as ever what it does not accept: code of another kind, or under other flags. */
export function compileOnce(): void {
  vm.compileFunction = compileFunctionOnce as typeof vm.compileFunction
  vm.SourceTextModule = ModuleCompiledOnce
}

/** A copy that belongs to nobody's context: the original holds all of its test file in memory, for as long as it is kept. */
const ours = (data: Buffer): Buffer => Buffer.from(data)

function compileFunctionOnce(
  code: string,
  parameters: readonly string[],
  options: vm.CompileFunctionOptions,
) {
  const cachedData = functions.get(code)
  if (cachedData) return compileFunction(code, parameters, { ...options, cachedData })
  const compiled = compileFunction(code, parameters, { ...options, produceCachedData: true })
  if (compiled.cachedData) functions.set(code, ours(compiled.cachedData))
  return compiled
}

class ModuleCompiledOnce extends SourceTextModule {
  declare createCachedData: () => Buffer // @types/node does not know it

  constructor(code: string, options: vm.SourceTextModuleOptions) {
    const cachedData = modules.get(code)
    super(code, cachedData ? { ...options, cachedData } : options)
    if (!cachedData) modules.set(code, ours(this.createCachedData()))
  }
}
