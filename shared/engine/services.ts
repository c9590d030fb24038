/**
 * The configuration and the clients that all invocations in one process share. None of them connects before
 * it is used.
 */
import type { Config } from '../config.ts'
import type { ObjectStore } from '../storage.ts'
import type { Pipeline } from './pipeline.ts'
import type { TaskQueue } from './tasks.ts'

export interface Services {
  readonly config: Config
  readonly storage: ObjectStore
  readonly tasks: TaskQueue
  readonly pipeline: Pipeline
}
