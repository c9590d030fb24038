/**
 * The program of the process that holds the local cloud while it is measured: a cloud of so many workers on the
 * folder it is given. Tells its parent the settings that reach it, stops the cloud when told so, and when the
 * parent is gone.
 */
import { startLocalCloud } from '../local/host/cloud.ts'

const [dir, workers] = process.argv.slice(2) as [string, string]
const cloud = await startLocalCloud(dir, { workers: Number(workers) })
process.on('SIGINT', () => undefined) // Ctrl-C is for the parent; this ends after it, in order
const stop = () => void cloud.stop().finally(() => process.exit())
process.once('message', stop).once('disconnect', stop)
process.send!({ env: cloud.env })
