/**
 * What a test file imports from `@jest/globals`: that of the file that runs at present, since files share modules (runner.ts).
 * A module of support that keeps one of them for later has that of another file; its hooks are in every-file.ts.
 */
import type * as jest from '@jest/globals'

export let afterAll: typeof jest.afterAll
export let afterEach: typeof jest.afterEach
export let beforeAll: typeof jest.beforeAll
export let beforeEach: typeof jest.beforeEach
export let describe: typeof jest.describe
export let expect: typeof jest.expect
export let test: typeof jest.test

export function setGlobals(globals: typeof jest): void {
  ;({ afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } = globals)
}
