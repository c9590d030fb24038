/**
 * Passes a call on to a process that serves functions, and its answer back. Hides what becomes of either when somebody
 * breaks off.
 */
import { request as callWorker, type IncomingMessage, type ServerResponse } from 'node:http'
import { host } from './ports.ts'

/**
 * Resolves to whether the worker is as good as before. Without `body` what the caller sends is passed on as it comes.
 *
 * Each call has a connection of its own (`agent: false`): a worker may answer before it has read a request and close the
 * connection then, and the next caller would find it closed. It is not announced as the last call (`keep-alive`), for then
 * the worker would close it with its answer still on the way.
 */
export function passOn(
  worker: { readonly port: number },
  request: IncomingMessage,
  response: ServerResponse,
  body?: Buffer,
): Promise<boolean> {
  return new Promise((resolve) => {
    let hasLeft = false // whoever called; that says nothing against the worker
    // what is left of the request cannot change the answer, nor may it stand before the caller's next one
    const dropRest = () => void request.unpipe(call).resume()
    const fail = () => {
      dropRest()
      if (response.headersSent)
        response.destroy() // half an answer must not look like a whole one
      else response.writeHead(500).end()
      resolve(hasLeft)
    }
    const { method, url, headers } = request
    const call = callWorker(
      {
        agent: false,
        host,
        port: worker.port,
        method,
        path: url,
        headers: { ...headers, connection: 'keep-alive' },
      },
      (answer) => {
        call.off('error', fail).on('error', dropRest)
        const { connection: _ofTheWorker, 'keep-alive': _too, ...own } = answer.headers
        response.writeHead(answer.statusCode!, own)
        answer.pipe(response)
        answer
          .once('end', () => {
            dropRest()
            resolve(true)
          })
          .once('error', fail)
      },
    )
    call.once('error', fail)
    response.once('close', () => {
      hasLeft = true
      call.destroy()
    })
    if (body) call.end(body)
    else request.pipe(call)
  })
}
