/**
 * A worker under watch: serves as any other does, and asks over a socket before it passes a boundary. Its connections
 * to the database bear its process id, so that they can be cut.
 *
 * Within a transaction only its end is asked about: wherever a process ends before that, PostgreSQL takes the
 * whole of it back.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import { host } from '../local/host/ports.ts'
import { serveFunctions } from '../local/host/serve-functions.ts'
import { watchBoundaries, type Effect } from '../shared/boundaries.ts'
import type { TaskPayload } from '../shared/context.ts'
import type { Call, Verdict } from './passing.ts'

/** What is known of the call in the course of which something is done. */
interface Course {
  readonly call: Call
  /** Effects that it has come to, by kind, with their ids. */
  readonly effects: Map<Effect, number[]>
  inTransaction: boolean
}

const courses = new AsyncLocalStorage<Course>()
const socket = createConnection(Number(process.env['FAULTS_PORT']), host)
await once(socket, 'connect')
const waiting = new Map<number, (verdict: Verdict) => void>()
let asked = 0
let calls = 0
createInterface({ input: socket }).on('line', (line) => {
  const { id, verdict } = JSON.parse(line) as { id: number; verdict: Verdict }
  waiting.get(id)?.(verdict)
  waiting.delete(id)
})
socket.on('close', () => process.exit(0))
process.env['DATABASE_URL'] = `${process.env['DATABASE_URL']}?application_name=spool-${process.pid}`

watchBoundaries(async ({ effect, side, about, id }) => {
  const course = courses.getStore()
  if (!course) return
  if (/^\s*BEGIN/.test(about)) course.inTransaction = true
  if (effect === 'database.commit' || /^\s*ROLLBACK/.test(about)) course.inTransaction = false
  if (effect === 'database.read' || course.inTransaction) return
  const before = course.effects.get(effect) ?? []
  if (side === 'before') course.effects.set(effect, [...before, id])
  const nth = side === 'before' ? before.length : before.indexOf(id)
  if ((await ask({ ...course.call, effect, side, nth, about: shortened(about) })) === 'throw')
    throw Object.assign(new Error(`planted at ${effect} ${side}`), { code: 'ECONNRESET' })
})

const tell = (what: object): boolean => socket.write(`${JSON.stringify(what)}\n`)

const ask = (passing: object): Promise<Verdict> =>
  new Promise((resolve) => {
    const id = asked++
    waiting.set(id, resolve)
    tell({ id, ...passing })
  })

/** Of a statement, what it does to which table. */
const shortened = (about: string): string =>
  /\b(INSERT INTO|UPDATE|DELETE FROM)\s+\w+/.exec(about)?.[0] ?? about.trim().slice(0, 200)

const header = (request: IncomingMessage, name: string): string | undefined =>
  request.headers[name] as string | undefined

/** The framework leaves the body of a task to its handler, which takes it from `rawBody` where it is read. */
async function taskOf(request: IncomingMessage): Promise<Call['task']> {
  const name = header(request, 'x-cloudtasks-taskname')
  const queue = header(request, 'x-cloudtasks-queuename')
  if (name === undefined || queue === undefined) return undefined
  const body = await buffer(request)
  Object.assign(request, { rawBody: body })
  if (body.length === 0) return undefined
  const { runId, part } = JSON.parse(body.toString('utf8')) as TaskPayload
  return { name, queue, runId, part }
}

serveFunctions(({ functionName, request, response }, serve) => {
  void taskOf(request).then((task) => {
    const object = header(request, 'ce-subject')?.replace(/^objects\//, '')
    const own = { ...(task ? { task } : {}), ...(object === undefined ? {} : { object }) }
    const call: Call = { pid: process.pid, functionName, call: calls++, ...own }
    response.once('close', () => void tell({ ...call, status: response.statusCode }))
    courses.run({ call, effects: new Map(), inTransaction: false }, serve)
  })
})
