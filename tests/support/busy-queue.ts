/**
 * A Cloud Tasks that is overwhelmed: it carries out what it is asked, and then answers some calls as if it
 * had not. In front of a real one, on the wire.
 */
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceError,
  type status,
} from '@grpc/grpc-js'
import { afterEachFile } from './every-file.ts'
import { cloudTasksDefinition } from '../../local/cloud-tasks/server.ts'

const asItIs = (bytes: Buffer): Buffer => bytes
const ends: (() => void)[] = []
afterEachFile(() => {
  for (const end of ends.splice(0)) end()
})

/** Answers the n-th call of `method`, counted from 1, with the code that `codeOf` gives, if any. */
export async function aBusyQueue(
  endpoint: string,
  method: string,
  codeOf: (call: number) => status | undefined,
): Promise<{ endpoint: string; calls: () => number }> {
  const client = new Client(endpoint, credentials.createInsecure())
  const server = new Server()
  let calls = 0
  const methods = Object.entries(cloudTasksDefinition()).map(([name, { path }]) => ({ name, path }))
  const passOn =
    ({ name, path }: { name: string; path: string }) =>
    (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
      const code = name === method ? codeOf(++calls) : undefined
      client.makeUnaryRequest(path, asItIs, asItIs, call.request, (error, response) => {
        const busy = code === undefined ? null : ({ code, details: 'busy' } as ServiceError)
        answer(busy ?? error, response)
      })
    }
  server.addService(
    Object.fromEntries(
      methods.map(({ name, path }) => [
        name,
        {
          ...{ path, requestStream: false, responseStream: false },
          ...{ requestSerialize: asItIs, requestDeserialize: asItIs },
          ...{ responseSerialize: asItIs, responseDeserialize: asItIs },
        },
      ]),
    ),
    Object.fromEntries(methods.map((own) => [own.name, passOn(own)])),
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  ends.push(() => {
    server.forceShutdown()
    client.close()
  })
  return { endpoint: `127.0.0.1:${port}`, calls: () => calls }
}
