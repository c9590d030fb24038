/**
 * One worker process of the local cloud: serves the product's functions under functions-framework, told apart
 * by path, on one port. It gets its settings from the environment, tells its parent the port, and ends with
 * its parent.
 */
import '../../shared/engine/without-domain.ts' // before the framework
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getTestServer } from '@google-cloud/functions-framework/testing'
import { catalogue } from '../../functions/index.ts'
import '../../functions/main.ts'
import { nameOf } from '../../shared/engine/serve.ts'
import { host } from './ports.ts'

const servers = new Map<string, Server>(
  catalogue.map((entry) => [nameOf(entry), getTestServer(nameOf(entry))]),
)

const front = createServer((request, response) => {
  const server = servers.get(request.url!.slice(1).split(/[/?]/)[0]!)
  if (server) server.emit('request', request, response)
  else response.writeHead(404).end()
})
front.requestTimeout = 0

front.listen(0, host, () => process.send!({ port: (front.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit(0))
