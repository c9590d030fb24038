/**
 * Gives functions-framework a stand-in for Node's `domain`, which it wraps every request in: the real one switches
 * asynchronous hooks on for the whole process, and each promise pays for them. Imported before the framework. What
 * a domain caught, an error thrown outside of any promise, ends the process instead, as it would in any server:
 * whoever waits is told 500, and the queue calls again.
 */
import { registerHooks } from 'node:module'

const standIn = new URL('./domain-stand-in.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'domain' || specifier === 'node:domain'
      ? { url: standIn, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context),
})
