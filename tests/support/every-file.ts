/**
 * What support does after every test, or after every file: modules are loaded once in each of Jest's processes (runner.ts),
 * so a hook that one of them sets while it is loaded would else be there for the first file alone.
 */
import { afterAll, afterEach } from './globals.ts'

type Hook = () => Promise<void> | void

const hooks: (() => void)[] = []

/** Now and in every file to come. */
function setHook(set: () => void): void {
  hooks.push(set)
  set()
}

export const afterEachTest = (hook: Hook): void => setHook(() => afterEach(hook))
export const afterEachFile = (hook: Hook): void => setHook(() => afterAll(hook))

/** For a file that is about to be loaded, by what earlier files have loaded. */
export const setHooks = (): void => {
  for (const set of hooks) set()
}
