/**
 * What a browser is given besides pages: our own modules with their types taken off, the few libraries they import, and
 * the stylesheets; compressed once, and kept by browsers for a year under a name that follows from all of it.
 */
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { contentHash } from '../hash.ts'
import { readSources } from './sources.ts'

export interface Asset {
  readonly type: string
  readonly plain: Buffer
  readonly gzip: Buffer
  readonly brotli: Buffer
}

export interface Assets {
  /** Stands in every address. */
  readonly version: string
  readonly find: (file: string) => Asset | undefined
}

const types: Readonly<Record<string, string>> = {
  ts: 'text/javascript; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

let loaded: Promise<Assets> | undefined

export const loadAssets = (): Promise<Assets> => (loaded ??= load())

async function load(): Promise<Assets> {
  const sources = await readSources()
  const assets = new Map(Object.entries(sources).map(([file, text]) => [file, assetOf(file, text)]))
  return { version: contentHash(JSON.stringify(sources)).slice(0, 16), find: (file) => assets.get(file) }
}

function assetOf(file: string, text: string): Asset {
  const plain = Buffer.from(text)
  return {
    type: types[file.split('.').at(-1)!]!,
    plain,
    gzip: gzipSync(plain),
    brotli: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  }
}
