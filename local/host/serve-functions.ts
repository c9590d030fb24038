/** Serves the product's functions under functions-framework, told apart by path, on one port of this process. */
import '../../shared/engine/without-domain.ts' // before the framework
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { flushCompileCache } from 'node:module'
import type { AddressInfo } from 'node:net'
import { getTestServer } from '@google-cloud/functions-framework/testing'
import { catalogue } from '../../functions/index.ts'
import '../../functions/main.ts'
import { nameOf } from '../../shared/engine/serve.ts'
import { host } from './ports.ts'

/** Serves one call. `functionName`: the first part of its path. */
export type Around = (
  call: {
    readonly functionName: string
    readonly request: IncomingMessage
    readonly response: ServerResponse
  },
  serve: () => void,
) => void

/** Compiled code is kept for the workers to come: Node does so when a process ends, and a worker is killed. */
const keepCompiled = (): void => flushCompileCache()

/** Begins to serve, and tells the parent process the port; this process ends with it. */
export function serveFunctions(around: Around = (_call, serve) => serve()): void {
  const servers = new Map<string, Server>(
    catalogue.map((entry) => [nameOf(entry), getTestServer(nameOf(entry))]),
  )
  const front = createServer((request, response) => {
    const functionName = request.url!.slice(1).split(/[/?]/)[0]!
    const server = servers.get(functionName)
    if (!server) {
      response.writeHead(404).end()
      return
    }
    response.once('close', keepCompiled)
    around({ functionName, request, response }, () => void server.emit('request', request, response))
  })
  front.requestTimeout = 0
  front.listen(0, host, () => {
    process.send!({ port: (front.address() as AddressInfo).port })
    keepCompiled()
  })
  process.on('message', () => process.send!('here')) // asked whether it still goes on
  process.on('disconnect', () => process.exit(0))
}
