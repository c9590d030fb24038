/**
 * Runs a test file as Node runs any module, by its own loader and in its own global object. Jest's loader makes a world of
 * its own for each file: every module of the product and of its clients is loaded, compiled and made fast anew, and stays in
 * memory for as long as anything of that world does. So here files share modules: what one of them leaves in a module is
 * there for the next. Hides how Jest's own runner of tests does without Jest's loader.
 */
import '../../shared/engine/without-domain.ts' // before functions-framework
import { createRequire, registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { setHooks } from './every-file.ts'
import { setGlobals } from './globals.ts'

type Run = (
  globalConfig: object,
  config: object,
  environment: object,
  runtime: object,
  file: string,
  send: unknown,
) => Promise<object>

const require = createRequire(import.meta.url)
const runnerOfTests = require.resolve('jest-circus/runner')
const { default: runTests } = require(runnerOfTests) as { default: Run }
const globals = new URL('./globals.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals' ? { url: globals, shortCircuit: true } : next(specifier, context),
})

const runFile: Run = async (globalConfig, config, environment, runtime, file, send) => {
  const variables = { ...process.env }
  Error.stackTraceLimit = 10 // Node's own; Jest has set it to 100, and code under test makes many errors
  forgetTests()
  try {
    const ours = Object.assign(Object.create(runtime) as object, loader)
    return await runTests(globalConfig, config, environment, ours, file, send)
  } finally {
    forgetTests()
    restore(variables)
  }
}
export default runFile

/** What is as it was is left alone: other threads may be reading it. */
function restore(variables: NodeJS.ProcessEnv): void {
  for (const name of Object.keys({ ...process.env, ...variables })) {
    const value = variables[name]
    if (value === undefined) Reflect.deleteProperty(process.env, name)
    else if (process.env[name] !== value) process.env[name] = value
  }
}

/** What the runner of tests asks of a loader. */
const loader = {
  requireInternalModule: (file: string): unknown => require(file),
  unstable_shouldLoadAsEsm: () => true,
  unstable_importModule: load,
  setGlobalsForRuntime: setGlobals,
}

const loads = new Map<string, number>()

/** One that is run again, as Jest does when it watches, is loaded again. */
async function load(file: string): Promise<void> {
  const before = loads.get(file) ?? 0
  loads.set(file, before + 1)
  setHooks()
  await import(pathToFileURL(file).href + (before > 0 ? `?${before}` : ''))
}

/** The tests of a file, and who is told of them: the runner of tests keeps them in a module, and under symbols. */
function forgetTests(): void {
  Reflect.deleteProperty(require.cache, runnerOfTests.replace(/runner\.js$/, 'jestAdapterInit.js'))
  const kept = Object.getOwnPropertySymbols(globalThis)
  for (const symbol of kept.filter(({ description = '' }) =>
    /^(JEST_STATE_SYMBOL|EVENT_HANDLERS)$/.test(description),
  ))
    Reflect.deleteProperty(globalThis, symbol)
}
