/**
 * The HTML of the console's pages: a frame with the way around, into which a page's module writes what it shows. Hides
 * what browsers are allowed to load, and that the answers a page begins with come along with it.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Assets } from './assets.ts'
import { libraries, libraryFile } from './sources.ts'
import type { Site } from './site.ts'

export interface Page {
  /** The module in browser/pages. */
  readonly name: string
  readonly title: string
  /** Its own, besides the one of all pages: files of browser/. */
  readonly styles?: readonly string[]
  /** Pages before signing in have no way around. */
  readonly isOutside?: boolean
  /** Answers of the API that the page begins with, by their paths. */
  readonly answers?: Readonly<Record<string, unknown>>
}

export interface Document {
  readonly html: string
  readonly policy: string
}

/** The way around, in its order: the address, and what it is called. */
const places = [
  ['', 'Episodes'],
  ['new', 'New episode'],
  ['shows', 'Shows'],
  ['letters', 'Letters'],
  ['settings', 'Settings'],
] as const

/** `storage`: the origin to which files are uploaded, and from which they are heard. */
export function documentOf(page: Page, { origin, base }: Site, assets: Assets, storage: string): Document {
  const asset = (file: string) => `${base}/assets/${assets.version}/${file}`
  const imports = Object.fromEntries(Object.keys(libraries).map((name) => [name, asset(libraryFile(name))]))
  const map = JSON.stringify({ imports })
  const nonce = randomBytes(16).toString('base64')
  const links = places.map(([path, name]) => {
    const isHere = page.title === name
    return `<a href="${base}/${path}"${isHere ? ' aria-current="page"' : ''}>${name}</a>`
  })
  const html = `<!doctype html>
<html lang="en" data-base="${base}" data-nonce="${nonce}" data-storage="${storage}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(page.title)} · Spool</title>
<link rel="icon" href="${asset('icon.svg')}" type="image/svg+xml">
${['style.css', ...(page.styles ?? [])].map((file) => `<link rel="stylesheet" href="${asset(file)}">`).join('\n')}
<script type="importmap">${map}</script>
<script type="module" src="${asset(`pages/${page.name}.ts`)}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${page.isOutside ? '' : `<header><a class="brand" href="${base}/">Spool</a><nav aria-label="Main">${links.join('')}</nav></header>`}
<main id="main" tabindex="-1"><p class="loading" role="status">Loading…</p>
<noscript><p>The console needs JavaScript. The command line and the API do all of it without.</p></noscript></main>
<script type="application/json" id="answers">${asData(page.answers ?? {})}</script>
</body>
</html>
`
  return { html, policy: policyOf({ map, nonce, storage, origin }) }
}

function policyOf({
  map,
  nonce,
  storage,
}: {
  map: string
  nonce: string
  storage: string
  origin: string
}): string {
  const mapHash = createHash('sha256').update(map).digest('base64')
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${mapHash}'`,
    `style-src 'self' 'nonce-${nonce}'`, // the waveform's own, inside its shadow
    `img-src 'self' data: blob: ${storage}`,
    `media-src 'self' blob: ${storage}`,
    `connect-src 'self' ${storage}`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
}

/** Data blocks are no scripts to a browser; nothing in them may look like the end of one. */
const asData = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c')

export const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
