/** The files that a template may name: heard, seen, uploaded, deleted, and what names each of them. */
import { useState } from 'preact/hooks'
import { remove } from '../api.ts'
import { Action, html, Loading, Notice, reasonOf, size, type Loaded } from '../parts.ts'
import type { Fields } from './document.ts'
import { coverAmong } from './cover.ts'
import { putFile } from './put-file.ts'
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

/** How each of the files is on its way: a share, or why it is not. */
type Sent = Readonly<Record<string, number | string>>

function Upload({ slug, changed }: { slug: string; changed: () => Promise<void> }) {
  const [sent, setSent] = useState<Sent>({})
  const note = (name: string, how: number | string) => setSent((before) => ({ ...before, [name]: how }))
  const send = async (event: Event) => {
    const input = event.currentTarget as HTMLInputElement
    const files = [...(input.files ?? [])]
    setSent({})
    for (const file of files) {
      note(file.name, 0)
      try {
        await putFile({ podcast: slug }, file, file.name, { onProgress: (share) => note(file.name, share) })
        note(file.name, 1)
      } catch (error) {
        note(file.name, reasonOf(error))
      }
    }
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
    ${Object.entries(sent).map(([name, how]) =>
      typeof how === 'string'
        ? html`<${Notice} key=${name} kind="error">${name}: ${how}</${Notice}>`
        : html`<p key=${name} role="status">
            ${`${name}: ${how === 1 ? 'uploaded' : `${Math.round(100 * how)} %`}`}
            ${how === 1 ? null : html`<progress aria-label=${name} max="1" value=${how}></progress>`}
          </p>`,
    )}
  </div>`
}
