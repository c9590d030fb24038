/** The files that a template may name: heard, seen, uploaded, deleted, and what names each of them. */
import { useState } from 'preact/hooks'
import { remove } from '../api.ts'
import { Action, html, Loading, Notice, reasonOf, size, type Loaded } from '../parts.ts'
import { upload } from '../upload.ts'
import type { Fields } from './document.ts'
import { coverAmong } from './cover.ts'
import { isPicture, isSound, usersOf, type Asset } from './template.ts'

export function Assets({
  id,
  slug,
  template,
  assets,
}: {
  id: string
  slug: string
  /** As it is being edited. */
  template: Fields
  assets: Loaded<{ items: Asset[] }>
}) {
  const usersHere = (asset: Asset): string[] => [
    ...(asset === coverAmong(assets.data?.items ?? []) ? ['the show’s cover'] : []),
    ...usersOf(template, asset.file),
  ]
  return html`<section aria-labelledby="assets">
    <h2 id="assets">Files</h2>
    <p>Sounds and pictures that the template may name. One of the same name takes the other’s place.</p>
    <${Loading} of=${assets}>${({ items }: { items: Asset[] }) =>
      items.length === 0
        ? html`<p class="quiet">None yet.</p>`
        : html`<ul class="assets">
            ${items.map((asset) => html`<${Row} key=${asset.file} ...${{ id, asset, users: usersHere(asset), changed: assets.reload }} />`)}
          </ul>`}</${Loading}>
    <${Upload} slug=${slug} changed=${assets.reload} />
  </section>`
}

function Row({
  id,
  asset: { file, bytes, url },
  users,
  changed,
}: {
  id: string
  asset: Asset
  users: readonly string[]
  changed: () => Promise<void>
}) {
  const go = async () => {
    await remove(`/podcasts/${id}/assets/${encodeURIComponent(file)}`)
    await changed()
  }
  return html`<li>
    <div>
      <strong>${file}</strong> <span class="quiet">${size(bytes)}</span><br />
      <span class="quiet">${users.length > 0 ? `In use: ${users.join(', ')}` : 'The template does not name it.'}</span>
    </div>
    ${isSound(file) ? html`<audio controls preload="none" src=${url} aria-label=${file}></audio>` : null}
    ${isPicture(file) ? html`<a href=${url} target="_blank" rel="noreferrer"><img src=${url} alt=${file} loading="lazy" /></a>` : null}
    <${Action} act=${go} disabled=${users.length > 0} confirm=${`Delete ${file}?`}>Delete<span class="unseen"> ${file}</span></${Action}>
  </li>`
}

/** How a file is on its way: a share, or why it is not. */
type Way = { readonly share: number; readonly isWaiting?: boolean } | { readonly why: string }

function Upload({ slug, changed }: { slug: string; changed: () => Promise<void> }) {
  const [ways, setWays] = useState<Readonly<Record<string, Way>>>({})
  const note = (name: string, way: Way) => setWays((before) => ({ ...before, [name]: way }))
  const sendOne = async (file: File) => {
    let share = 0
    try {
      await upload({ podcast: slug }, file.name, file, {
        signal: new AbortController().signal,
        progress: (bytes) => {
          share = bytes / file.size
          note(file.name, { share })
        },
        waiting: (isWaiting) => note(file.name, { share, isWaiting }),
      })
      note(file.name, { share: 1 })
    } catch (error) {
      note(file.name, { why: reasonOf(error) })
    }
  }
  const send = async (event: Event) => {
    const input = event.currentTarget as HTMLInputElement
    setWays({})
    for (const file of input.files ?? []) await sendOne(file)
    input.value = ''
    await changed()
  }
  return html`<div class="field">
    <label for="upload">Upload files</label>
    <input
      id="upload"
      type="file"
      multiple
      accept="audio/*,video/*,image/jpeg,image/png"
      onChange=${(event: Event) => void send(event)}
    />
    ${Object.entries(ways).map(([name, way]) => html`<${OnItsWay} key=${name} name=${name} way=${way} />`)}
  </div>`
}

function OnItsWay({ name, way }: { name: string; way: Way }) {
  if ('why' in way) return html`<${Notice} kind="error">${name}: ${way.why}</${Notice}>`
  const { share, isWaiting = false } = way
  const done =
    share === 1 ? 'uploaded' : isWaiting ? 'waits for a connection' : `${Math.round(100 * share)} %`
  return html`<div role="status">
    ${`${name}: ${done}`}
    ${share === 1 ? null : html`<progress aria-label=${name} max="1" value=${share}></progress>`}
  </div>`
}
