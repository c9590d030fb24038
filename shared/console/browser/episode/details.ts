/** What is said of an episode, and the form that says something else. */
import { useState } from 'preact/hooks'
import { patch } from '../api.ts'
import { Action, Field, html } from '../parts.ts'

interface Said {
  readonly title: string
  readonly description: string
}

export function Details({ id, said, reload }: { id: string; said: Said; reload: () => Promise<void> }) {
  const [typed, setTyped] = useState<Partial<Said>>({})
  const { title, description } = { ...said, ...typed }
  const isSame = title === said.title && description === said.description
  const type = (field: keyof Said) => (event: Event) =>
    setTyped({ ...typed, [field]: (event.target as HTMLInputElement).value })
  const save = async () => {
    await patch(`/episodes/${id}`, typed)
    setTyped({})
    await reload()
  }
  return html`<details>
    <summary>Title and description</summary>
    <${Field} label="Title"><input value=${title} maxlength="255" onInput=${type('title')} /></${Field}>
    <${Field} label="Description" hint="The feed has it at once, the tags of the MP3 when the episode is made again.">
      <textarea rows="4" maxlength="4000" value=${description} onInput=${type('description')}></textarea>
    </${Field}>
    <p class="buttons"><${Action} disabled=${isSame || title.trim() === ''} act=${save}>Save</${Action}></p>
  </details>`
}
