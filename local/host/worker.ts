/** One worker process of the local cloud. It gets its settings from the environment. */
import { keepConnections } from '../../shared/db/connect.ts'
import { serveFunctions } from './serve-functions.ts'

/** Longer than most steps work without a connection. */
const keptForMs = 2000

keepConnections(keptForMs)
serveFunctions()
