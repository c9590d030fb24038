/** The voice that speaks a template's texts: which there are, and how each sounds. */
import { useEffect, useState } from 'preact/hooks'
import { post } from '../api.ts'
import { Action, Field, html, Loading, Notice, useApi } from '../parts.ts'
import { isRecord, schemaAt, textAt, valueAt } from './document.ts'
import { Text, type Form } from './fields.ts'

interface Provider {
  readonly provider: string
  readonly hasKey: boolean
  readonly voices: readonly { readonly voice: string; readonly title: string }[]
  readonly complaint: string | null
}

const titles: Readonly<Record<string, string>> = {
  flite: 'Flite, built in (English)',
  elevenlabs: 'ElevenLabs',
  openai: 'OpenAI',
}
const mostCharacters = 200

export function VoiceChoice({ form }: { form: Form }) {
  const providers = useApi<{ items: Provider[] }>('/voices')
  return html`<fieldset>
    <legend>Voice</legend>
    <${Loading} of=${providers}>${({ items }: { items: Provider[] }) => html`<${Choice} form=${form} providers=${items} />`}</${Loading}>
  </fieldset>`
}

function Choice({ form, providers }: { form: Form; providers: readonly Provider[] }) {
  const { editing, schema } = form
  const said = (field: string) =>
    textAt(editing.document, ['voice', field]) || textAt(schemaAt(schema, ['voice', field]), ['default'])
  const [provider, voice] = [said('provider'), said('voice')]
  const known = providers.find((each) => each.provider === provider)
  const given = valueAt(editing.document, ['voice'])
  const before = isRecord(given) ? given : {}
  const chooseProvider = (event: Event) => {
    const wanted = (event.currentTarget as HTMLSelectElement).value
    const first = providers.find((each) => each.provider === wanted)?.voices[0]?.voice
    editing.set(['voice'], {
      ...before,
      provider: wanted,
      voice: first ?? '',
      model: undefined,
      settings: undefined,
    })
  }
  const isListed = known?.voices.some((each) => each.voice === voice) ?? false
  return html`
    <div class="fields">
      <${Field} label="Provider">
        <select value=${provider} onChange=${chooseProvider}>
          ${providers.map((each) => html`<option key=${each.provider} value=${each.provider}>${titles[each.provider] ?? each.provider}</option>`)}
        </select>
      </${Field}>
      ${
        known && known.voices.length > 0
          ? html`<${Field} label="Voice">
              <select value=${voice} onChange=${(event: Event) => editing.set(['voice', 'voice'], (event.currentTarget as HTMLSelectElement).value)}>
                ${isListed ? null : html`<option value=${voice}>${voice}</option>`}
                ${known.voices.map((each) => html`<option key=${each.voice} value=${each.voice}>${each.title}</option>`)}
              </select>
            </${Field}>`
          : html`<${Text}
              form=${form}
              path=${['voice', 'voice']}
              label="Voice"
              hint="The provider’s name of it."
            />`
      }
      <${Text} form=${form} path=${['voice', 'name']} label="Name in transcripts" />
    </div>
    ${known && !known.hasKey ? html`<${Notice}>There is no key for ${titles[provider] ?? provider}. Give it under Settings.</${Notice}>` : null}
    ${known?.complaint ? html`<${Notice} kind="error">${known.complaint}</${Notice}>` : null}
    <${Try} provider=${provider} voice=${voice} isFree=${provider === 'flite'} />
  `
}

function Try({ provider, voice, isFree }: { provider: string; voice: string; isFree: boolean }) {
  const [text, setText] = useState('Good evening, and welcome to the show.')
  const [sound, setSound] = useState<string>()
  useEffect(() => () => URL.revokeObjectURL(sound ?? ''), [sound])
  const hear = async () => {
    setSound(undefined)
    const { wav } = await post<{ wav: string }>('/voices/try', { provider, voice, text })
    const bytes = Uint8Array.from(atob(wav), (letter) => letter.charCodeAt(0))
    setSound(URL.createObjectURL(new Blob([bytes], { type: 'audio/wav' })))
  }
  return html`<div class="try">
    <${Field} label="Try it" hint=${`Up to ${mostCharacters} characters.${isFree ? '' : ' They count as characters to be spoken.'}`}>
      <input maxlength=${mostCharacters} value=${text} onInput=${(event: Event) => setText((event.currentTarget as HTMLInputElement).value)} />
    </${Field}>
    <${Action} act=${hear} disabled=${text.trim() === '' || voice === ''}>Hear it</${Action}>
    ${sound === undefined ? null : html`<audio controls autoplay src=${sound} aria-label="The voice"></audio>`}
  </div>`
}
