/** How an episode is cleaned, how loud it is, who writes its words down, and whether it is published by itself. */
import { html } from '../parts.ts'
import { Amount, Check, Folded, Select, type Choice, type Form } from './fields.ts'

const stutters: readonly Choice[] = [
  ['off', 'Left alone'],
  ['propose', 'Proposed'],
  ['cut', 'Cut where sure'],
]
const policy: readonly Choice[] = [
  ['apply', 'Made at once'],
  ['wait', 'Waits for me'],
]
/** As shared/settings/edit-kinds.ts has them. */
const kinds: readonly Choice[] = [
  ['flubber', 'Mistakes that were called out'],
  ['intern', 'Questions to the assistant'],
  ['filler', 'Fillers'],
  ['stutter', 'Stutters and restarts'],
  ['pause', 'Pauses'],
  ['censor', 'Bleeps'],
  ['sfx', 'Sounds'],
  ['cut', 'Cuts by hand'],
]

export function Cleaning({ form }: { form: Form }) {
  const path = (...rest: string[]) => ['cleaning', ...rest]
  return html`<fieldset>
    <legend>Cleaning</legend>
    <div class="fields">
      <${Check} form=${form} path=${path('pauses', 'enabled')} label="Shorten long pauses" />
      <${Amount} form=${form} path=${path('pauses', 'maxPauseSeconds')} label="Longer than" unit="seconds" />
      <${Amount} form=${form} path=${path('pauses', 'targetPauseSeconds')} label="To" unit="seconds" />
      <${Check} form=${form} path=${path('fillers', 'enabled')} label="Cut fillers" hint="“um”, “uh” and their kin, as the language has them." />
      <${Check} form=${form} path=${path('fillers', 'risky')} label="Doubtful fillers too" hint="“like”, “you know”, “so”." />
      <${Select} form=${form} path=${path('stutters')} label="Stutters and restarts" choices=${stutters} hint="“I I”, “and the, and the”, “wh- where”." />
      <${Check} form=${form} path=${path('flubber', 'enabled')} label="Take back what was called a mistake" />
      <${Check} form=${form} path=${path('intern', 'enabled')} label="Answer questions to the assistant" />
      <${Check} form=${form} path=${path('censor', 'enabled')} label="Bleep words" />
    </div>
    <${Folded} form=${form} title="What waits for your review" paths=${[path('review'), path('maxRemovedShare')]}>
      ${kinds.map(([kind, title]) => html`<${Select} key=${kind} form=${form} path=${path('review', kind)} label=${title} choices=${policy} />`)}
      <${Amount} form=${form} path=${path('maxRemovedShare')} label="Most that may be removed" hint="A share of the speech, from 0 to 1: Spool itself removes no more, and an episode of which you have cut more is held until you publish it." />
    </${Folded}>
  </fieldset>`
}

export const Sound = ({ form }: { form: Form }) =>
  html`<fieldset>
    <legend>Loudness and format</legend>
    <div class="fields">
      <${Amount}
        form=${form}
        path=${['loudness', 'targetLufs']}
        label="Loudness"
        unit="LUFS"
        hint="−16 is what podcasts have; −14 what Spotify plays music at."
      />
      <${Amount} form=${form} path=${['loudness', 'maxTruePeakDbtp']} label="Highest peak" unit="dBTP" />
      <${Select}
        form=${form}
        path=${['output', 'channels']}
        label="Channels"
        choices=${[
          ['stereo', 'Stereo'],
          ['mono', 'Mono'],
        ]}
      />
      <${Select}
        form=${form}
        path=${['output', 'bitrateKbps']}
        label="Bit rate"
        isNumber=${true}
        unset="Usual: 128 kb/s, 96 for mono"
        choices=${[64, 96, 112, 128, 160, 192, 224, 256, 320].map(
          (rate) => [String(rate), `${rate} kb/s`] as const,
        )}
      />
      <${Amount}
        form=${form}
        path=${['length', 'softMaxSeconds']}
        label="Longest wanted"
        unit="seconds"
        hint="Pauses are tightened to meet it."
      />
      <${Amount}
        form=${form}
        path=${['length', 'hardMaxSeconds']}
        label="Longest allowed"
        unit="seconds"
        hint="An episode that is longer fails."
      />
    </div>
  </fieldset>`

export const Words = ({ form }: { form: Form }) =>
  html`<fieldset>
    <legend>Words</legend>
    <div class="fields">
      <${Select}
        form=${form}
        path=${['transcription', 'provider']}
        label="Written down by"
        unset="Whose key was given last"
        choices=${[
          ['assemblyai', 'AssemblyAI'],
          ['elevenlabs', 'ElevenLabs Scribe'],
          ['deepgram', 'Deepgram'],
          ['openai', 'OpenAI, or a server like it'],
          ['none', 'Nobody'],
        ]}
        hint="Where no words come with a recording."
      />
      <${Select}
        form=${form}
        path=${['transcription', 'voices']}
        label="Speakers told apart by voice"
        unset="No"
        isNumber
        choices=${[['2', 'Two']]}
        hint="Where the words name nobody: a suggestion."
      />
      <${Check}
        form=${form}
        path=${['transcription', 'rememberVoices']}
        label="Know their voices again"
        hint="Remembers how the voices you have named sound, and suggests the names in later episodes. The next episode without it forgets them."
      />
    </div>
  </fieldset>`

export const Notes = ({ form }: { form: Form }) =>
  html`<fieldset>
    <legend>Notes and chapters</legend>
    <div class="fields">
      <${Select}
        form=${form}
        path=${['chapters']}
        label="Where nobody gives chapters"
        choices=${[
          ['given', 'There are none'],
          ['propose', 'They are found in the words, for me to take'],
          ['automatic', 'They are found in the words, and used'],
        ]}
      />
      <${Select}
        form=${form}
        path=${['notes', 'provider']}
        label="Notes are proposed by"
        unset="Nobody"
        choices=${[
          ['openai', 'OpenAI, or a server like it'],
          ['gemini', 'Gemini'],
        ]}
        hint="Titles, a summary, show notes and chapters. The transcript is sent there."
      />
    </div>
  </fieldset>`

export const Publishing = ({ form }: { form: Form }) =>
  html`<fieldset>
    <legend>Publishing</legend>
    <div class="fields">
      <${Select}
        form=${form}
        path=${['publish']}
        label="A finished episode"
        choices=${[
          ['automatic', 'Goes into the feed by itself'],
          ['manual', 'Waits until I publish it'],
        ]}
      />
    </div>
  </fieldset>`
