// Where CPU and memory go in a tree of real processes.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from '@jest/globals'
import { costOf, watch, type Kind, type KindCost } from '../../bench/processes.ts'

const leaf = (name: string): Kind => {
  const kind: Kind = { name, ofChild: () => kind }
  return kind
}
const tool = leaf('tool')
const worker: Kind = { name: 'worker', ofChild: () => tool }
const database = leaf('database')
const host: Kind = { name: 'host', ofChild: (program) => (program === 'database' ? database : worker) }

const burn = (seconds: number) => `{ const { user, system } = process.cpuUsage()
  const spent = () => { const now = process.cpuUsage(); return (now.user + now.system - user - system) / 1e6 }
  while (spent() < ${seconds}); }`
const node = (...script: string[]) => JSON.stringify([process.execPath, '-e', script.join(';')])
const start = (command: string, how = 'spawn') =>
  `require('child_process').${how}(${command}[0], ${command}.slice(1), { stdio: 'inherit' })`
const say = (text: string) => `console.log('${text}')`
const stay = 'setInterval(() => 0, 1e6)'

let running: ChildProcess | undefined
afterEach(() => {
  if (running) process.kill(-running.pid!, 'SIGKILL') // its own group, and so all below it
  running = undefined
})

/** Runs a program and waits until it says "ready"; `go` lets it go on until "done" was said so many times. */
async function aTree(...script: string[]): Promise<{ pid: number; go: (times?: number) => Promise<void> }> {
  const waitForGo = (then: string) => `process.stdin.once('data', () => { ${then} })`
  const whole = [script[0]!, say('ready'), waitForGo([...script.slice(1), say('done')].join(';')), stay]
  const child = spawn(process.execPath, ['-e', whole.join(';')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  running = child
  let said = ''
  child.stdout.on('data', (text: Buffer) => (said += text.toString()))
  const heard = async (word: string, times = 1) => {
    while (said.split(word).length <= times) await once(child.stdout, 'data')
  }
  await heard('ready')
  const go = async (times?: number) => {
    child.stdin.write('go')
    await heard('done', times)
  }
  return { pid: child.pid!, go }
}

const cpuOf = (costs: readonly KindCost[], name: string): number =>
  costs.find((cost) => cost.name === name)?.cpuSeconds ?? 0

describe('CPU goes to', () => {
  test('a worker for its own work, and to the tool for what an ended child of it took', async () => {
    const tree = await aTree(burn(0.3), burn(0.5), start(node(burn(1)), 'spawnSync'))
    const watching = watch(new Map([[tree.pid, worker]]))
    await tree.go()
    const costs = watching.stop()
    expect(cpuOf(costs, 'worker')).toBeGreaterThan(0.45)
    expect(cpuOf(costs, 'worker')).toBeLessThan(0.95) // not the child's
    expect(cpuOf(costs, 'tool')).toBeGreaterThan(0.95)
  })

  test('the tool while it runs as well', async () => {
    const tree = await aTree('0', start(node(burn(0.5), say('done'), stay)), 'return')
    const watching = watch(new Map([[tree.pid, worker]]))
    await tree.go()
    expect(cpuOf(watching.stop(), 'tool')).toBeGreaterThan(0.45)
  })

  test('the database by its program, with what its ended children took', async () => {
    const database = node(
      `process.title = 'database'`,
      start(node(burn(0.5)), 'spawnSync'),
      burn(0.3),
      say('done'),
      stay,
    )
    const tree = await aTree('0', start(database), 'return')
    const watching = watch(new Map([[tree.pid, host]]))
    await tree.go()
    const costs = watching.stop()
    expect(cpuOf(costs, 'database')).toBeGreaterThan(0.75)
    expect(cpuOf(costs, 'worker') + cpuOf(costs, 'tool')).toBeLessThan(0.1)
  })

  test('a worker that died', async () => {
    const tree = await aTree('0', start(node(burn(0.5)), 'spawnSync'))
    const watching = watch(new Map([[tree.pid, host]]))
    await tree.go()
    const costs = watching.stop()
    expect(cpuOf(costs, 'worker')).toBeGreaterThan(0.45)
    expect(cpuOf(costs, 'host')).toBeLessThan(0.3)
  })
})

test('a root keeps its kind below another root', async () => {
  const tree = await aTree('0', burn(0.5))
  const watching = watch(
    new Map([
      [process.pid, leaf('command line')],
      [tree.pid, host],
    ]),
  )
  await tree.go()
  const costs = watching.stop()
  expect(cpuOf(costs, 'host')).toBeGreaterThan(0.45)
  expect(cpuOf(costs, 'command line')).toBeLessThan(0.4)
})

test('memory is that of the largest process of a kind, and how many there were is counted', async () => {
  const hold = (megabytes: number) => `globalThis.held = Buffer.alloc(${megabytes} * 2 ** 20, 1)`
  const children = [100, 200].map((megabytes) => start(node(hold(megabytes), say('done'), stay)))
  const tree = await aTree('0', ...children, 'return')
  const watching = watch(new Map([[tree.pid, worker]]))
  await tree.go(children.length)
  const costs = watching.stop()
  const tools = costs.find(({ name }) => name === 'tool')!
  expect(tools.mostProcesses).toBe(2)
  expect(tools.peakMegabytes).toBeGreaterThan(200)
  expect(tools.peakMegabytes).toBeLessThan(300)
  expect(costs.find(({ name }) => name === 'worker')!.peakMegabytes).toBeLessThan(100)
})

test('a command costs what it took, and a failure tells its complaint', async () => {
  const { cpuSeconds } = await costOf([process.execPath, '-e', burn(0.5)])
  expect(cpuSeconds).toBeGreaterThan(0.45)
  await expect(costOf([process.execPath, '-e', `throw new Error('no input')`])).rejects.toThrow('no input')
})
