// Jest's view of a TypeScript file: what Node itself would run, types stripped and nothing else changed.
import { stripTypeScriptTypes } from 'node:module'

export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
}
