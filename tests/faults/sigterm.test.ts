// SIGTERM, as the platform sends it to an instance it no longer wants: under the real functions-framework,
// started as in the cloud, in the middle of a step and while somebody watches.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import { choosePorts } from '../../local/host/ports.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { aKey, anIssuer } from '../support/callers.ts'
import { run } from '../support/audio.ts'
import { aWorld, user, type World } from '../support/world.ts'

const root = path.join(import.meta.dirname, '../..')
const program = path.join(root, 'node_modules/@google-cloud/functions-framework/build/src/main.js')
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** An instance of one function, and what it says. */
async function anInstance(world: World, target: string) {
  const dir = mkdtempSync(path.join(tmpdir(), 'spool-instance-'))
  const { functions: port } = await choosePorts(dir)
  rmSync(dir, { recursive: true })
  const child = spawn(process.execPath, [program, `--source=${path.join(root, 'functions/main.ts')}`], {
    env: {
      ...process.env,
      ...world.env,
      FUNCTION_TARGET: target,
      PORT: String(port),
      NODE_ENV: 'production',
      LOG_LEVEL: 'info',
    },
  })
  children.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += String(text)))
  const url = `http://127.0.0.1:${port}`
  const isUp = () =>
    fetch(`${url}/robots.txt`).then(
      () => true,
      () => false,
    )
  while (!(await isUp())) {
    if (child.exitCode !== null) throw new Error(said)
    await delay(25)
  }
  const end = async () => {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    return (await exited)[0] as number | null
  }
  return { url, end, said: () => said }
}

async function aRun(world: World, seconds: number): Promise<string> {
  const talk = await run(['-f', 'lavfi', '-i', `sine=f=300:r=48000:d=${seconds}`, '-f', 'wav', 'pipe:1'])
  await world.arrive(await world.upload(`u/${user}/show/one/talk.wav`, talk))
  const [started] = await world.database.rows<{ id: string }>('SELECT id FROM runs')
  return started!.id
}

const alarms = (said: string): string[] =>
  said.split('\n').filter((line) => /"severity":"(ERROR|CRITICAL)"|Uncaught|Unhandled/.test(line))

test('A watcher whose instance is ended finds the next one, and goes on with what is new', async () => {
  const world = await aWorld()
  const { key } = await aKey(world, user)
  const runId = await aRun(world, 3)
  const watch = (url: string, lastSeen?: string) =>
    fetch(`${url}/runs/${runId}/events`, {
      headers: {
        authorization: `Bearer ${key}`,
        ...(lastSeen === undefined ? {} : { 'last-event-id': lastSeen }),
      },
    })
  const first = await anInstance(world, 'api')
  const reader = (await watch(first.url)).body!.getReader()
  const seen = Buffer.from((await reader.read()).value).toString()
  expect(await first.end()).toBe(0)
  await reader.read().catch(() => undefined) // cut off, in whatever way
  expect(alarms(first.said())).toEqual([])
  await world.cancel(runId)
  const next = await anInstance(world, 'api')
  const rest = await (await watch(next.url, /^id: (.+)$/m.exec(seen)![1])).text()
  expect(/"status":"(\w+)"/.exec(rest)![1]).toBe('cancelled')
  expect(await next.end()).toBe(0)
})

test('A step whose instance is ended in the middle of it is taken over, and nothing sounds an alarm', async () => {
  const issuer = await anIssuer('https://identity.test', 'https://spool.test')
  const world = await aWorld({ env: { CALLER_ISSUER: issuer.issuer, CALLER_JWKS_URL: issuer.jwksUrl } })
  const runId = await aRun(world, 120) // long enough to be ended in the middle of
  const [task] = await world.tasks()
  const token = await issuer.sign({ email: 'caller@spool.test', email_verified: true })
  const first = await anInstance(world, 'prepare')
  const delivered = fetch(first.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(task!.payload),
  }).then(
    ({ status }) => status,
    () => 500, // the connection broke
  )
  const working = () => world.database.rows(`SELECT 1 FROM steps WHERE status = 'running'`)
  while ((await working()).length === 0) await delay(5)
  expect(await first.end()).toBe(0)
  expect(await delivered).toBe(500)
  expect(alarms(first.said())).toEqual([])
  expect(await world.steps(runId)).toMatchObject([{ step: 'prepare', status: 'running', attempt: 1 }])
  await world.timePasses(world.services.config.lease.leaseMs)
  expect(await world.deliver('prepare', 0, runId)).toMatchObject({ status: 200 })
  expect(await world.run(runId)).toMatchObject({ status: 'started', stopReason: null })
})
