/**
 * Jest's Node environment in a context with a global object of its own. Jest makes its contexts of a proxy,
 * and every look at
 * `Math` or `Float32Array` then asks that proxy: sound is computed several times slower than in the product.
 */
import vm from 'node:vm'
import { TestEnvironment } from 'jest-environment-node'

const { createContext } = vm

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
