/** One worker process of the local cloud. It gets its settings from the environment. */
import { serveFunctions } from './serve-functions.ts'

serveFunctions()
