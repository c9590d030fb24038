/**
 * The worker thread that speaks one utterance with Flite; synthesis would block the caller's event loop.
 * Hides Flite's command line and the system calls that its WebAssembly build expects.
 */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { WASI } from 'node:wasi'
import { workerData } from 'node:worker_threads'
import type { Utterance } from './flite.ts'

const { program, folder, text, voice } = workerData as Utterance
const printout = openSync(join(folder, 'phones'), 'w')
try {
  const wasi = new WASI({
    version: 'preview1',
    args: ['flite', '-voice', voice, '-psdur', '-t', text, '-o', '/out/speech.wav'],
    preopens: { '/out': folder },
    stdout: printout,
    returnOnExit: true,
  })
  const status = wasi.start(await WebAssembly.instantiate(program, wasi.getImportObject()))
  if (status !== 0) throw new Error(`Flite ended with status ${status}.`)
} finally {
  closeSync(printout)
}
