/**
 * Hears of every boundary that the workers come to, and says whether they go on. Hides the socket and its lines. Whoever
 * wants to have a say subscribes; a passing that nobody holds goes on.
 */
import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { host } from '../local/host/ports.ts'
import type { Ended, Passing, Verdict } from './passing.ts'

/** Says what becomes of a passing; undefined when it is not its business. May take its time. */
export type Judge = (passing: Passing) => Promise<Verdict | undefined>

export interface Control {
  readonly port: number
  /** Hears everything from now on; returns how to end that. */
  readonly subscribe: (judge: Judge) => () => void
  /** Resolves at the next passing that fits. */
  readonly next: (fits: (passing: Passing) => boolean) => Promise<void>
  /** Hears of every call that has ended; returns how to end that. A process that is killed tells nothing. */
  readonly hearEnds: (listener: (ended: Ended) => void) => () => void
  /** Resolves to the next end that fits. */
  readonly nextEnd: (fits: (ended: Ended) => boolean) => Promise<Ended>
  /** Workers that were started and have gone. */
  readonly deaths: () => number
  readonly close: () => void
}

export async function openControl(): Promise<Control> {
  const judges = new Set<Judge>()
  const listeners = new Set<(ended: Ended) => void>()
  const sockets = new Set<Socket>()
  let deaths = 0
  const hear = async (socket: Socket, line: string): Promise<void> => {
    const told = JSON.parse(line) as Ended | (Passing & { id: number })
    if (!('id' in told)) {
      for (const listener of [...listeners]) listener(told)
      return
    }
    const { id, ...passing } = told
    const verdicts = await Promise.all([...judges].map((judge) => judge(passing)))
    const verdict: Verdict = verdicts.includes('throw') ? 'throw' : 'go'
    if (!socket.destroyed) socket.write(`${JSON.stringify({ id, verdict })}\n`)
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined) // it was killed
    socket.once('close', () => {
      deaths++
      sockets.delete(socket)
    })
    const lines = createInterface({ input: socket })
    lines.on('line', (line) => void hear(socket, line))
    lines.on('error', () => undefined)
  })
  await once(server.listen(0, host), 'listening')
  const subscribe = (judge: Judge) => {
    judges.add(judge)
    return () => void judges.delete(judge)
  }
  const hearEnds = (listener: (ended: Ended) => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  return {
    port: (server.address() as AddressInfo).port,
    subscribe,
    next: (fits) =>
      new Promise((resolve) => {
        const stop = subscribe((passing) => {
          if (fits(passing)) {
            stop()
            resolve()
          }
          return Promise.resolve(undefined)
        })
      }),
    hearEnds,
    nextEnd: (fits) =>
      new Promise((resolve) => {
        const stop = hearEnds((ended) => {
          if (!fits(ended)) return
          stop()
          resolve(ended)
        })
      }),
    deaths: () => deaths,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
