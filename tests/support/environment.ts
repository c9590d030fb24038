/**
 * Jest's Node environment in a context with a global object of its own. Jest makes its contexts of a proxy,
 * and every look at
 * `Math` or `Float32Array` then asks that proxy: sound is computed several times slower than in the product.
 * What a test file loads is compiled once in each of Jest's processes, not once for every file that loads it.
 */
import vm from 'node:vm'
import { TestEnvironment } from 'jest-environment-node'
import { compileOnce } from './compiled.ts'

const { createContext } = vm
compileOnce()

export default class PlainEnvironment extends TestEnvironment {
  constructor(...given: ConstructorParameters<typeof TestEnvironment>) {
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY)
    try {
      super(...given)
    } finally {
      vm.createContext = createContext
    }
  }
}
