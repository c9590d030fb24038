// A worker whose process stands still holds nothing up for long: its call fails, and another takes its place.
import { expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { choosePorts } from '../../../local/host/ports.ts'
import { startWorkers } from '../../../local/host/workers.ts'

test('a worker that has stopped answering is ended, and the next call is served', async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'spool-silent-'))
  const program = path.join(dir, 'worker.mjs')
  writeFileSync(
    program,
    `import { createServer } from 'node:http'
     const server = createServer((request, response) => {
       if (request.url === '/stop') process.kill(process.pid, 'SIGSTOP')
       else response.end('alive')
     })
     server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
     process.on('message', () => process.send('here'))
     process.on('disconnect', () => process.exit(0))`,
  )
  const { functions: port } = await choosePorts(dir)
  const workers = await startWorkers({
    ...{ count: 1, port, env: process.env, logFile: path.join(dir, 'log'), program, askEveryMs: 100 },
    ...{ own: () => false, isShared: () => false, warn: () => undefined },
  })
  const call = (name: string) => fetch(`http://127.0.0.1:${port}/${name}`)
  try {
    expect(await (await call('hello')).text()).toBe('alive')
    expect((await call('stop')).status).toBe(500)
    expect(await (await call('hello')).text()).toBe('alive')
  } finally {
    await workers.stop()
    rmSync(dir, { recursive: true, force: true })
  }
})
