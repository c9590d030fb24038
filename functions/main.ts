/**
 * The entry point for functions-framework: registers every function of the catalogue (index.ts) under its
 * name. Nothing connects before the first request.
 */
import * as framework from '@google-cloud/functions-framework'
import { registerAll } from '../shared/engine/serve.ts'
import { catalogue } from './index.ts'

registerAll(framework, catalogue, process.env)
