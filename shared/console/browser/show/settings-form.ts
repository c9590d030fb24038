/** What a show says of itself, as a form: what every show needs first, the rest folded by what it is for. */
import { html, useApi } from '../parts.ts'
import { Check, Folded, LongText, Select, Text, Amount, type Form } from './fields.ts'
import { valueAt } from './document.ts'
import { DocumentText } from './document-text.ts'
import { Links } from './links.ts'

const languages = [
  ...[
    'ar',
    'bg',
    'ca',
    'cs',
    'da',
    'de',
    'de-AT',
    'de-CH',
    'el',
    'en',
    'en-AU',
    'en-GB',
    'en-US',
    'es',
    'es-MX',
  ],
  ...[
    'et',
    'fa',
    'fi',
    'fr',
    'fr-CA',
    'fr-CH',
    'he',
    'hi',
    'hr',
    'hu',
    'id',
    'is',
    'it',
    'ja',
    'ko',
    'lt',
    'lv',
  ],
  ...[
    'ms',
    'nb',
    'nl',
    'nl-BE',
    'pl',
    'pt',
    'pt-BR',
    'ro',
    'ru',
    'sk',
    'sl',
    'sr',
    'sv',
    'ta',
    'th',
    'tr',
    'uk',
  ],
  ...['ur', 'vi', 'zh', 'zh-TW'],
]
const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' })

/** What a tag is called; nothing for what is none. */
function languageName(tag: unknown): string | undefined {
  try {
    return typeof tag === 'string' ? names.of(tag) : undefined
  } catch {
    return undefined
  }
}

export function SettingsForm({ form }: { form: Form }) {
  const categories = useApi<{ items: string[] }>('/categories')
  const language = languageName(valueAt(form.editing.document, ['language']))
  return html`
    <datalist id="categories">${categories.data?.items.map((name) => html`<option key=${name} value=${name} />`)}</datalist>
    <datalist id="languages">
      ${languages.map((tag) => html`<option key=${tag} value=${tag}>${languageName(tag)}</option>`)}
    </datalist>
    <div class="fields">
      <${Text} form=${form} path=${['title']} label="Title" />
      <${Text} form=${form} path=${['author']} label="Author" hint="Who makes the show, as directories name it." />
      <${LongText} form=${form} path=${['description']} label="Description" hint="Up to 4000 characters." />
      <${Text} form=${form} path=${['email']} type="email" label="E-mail" hint="Directories write here to confirm that the show is yours. It stands in the feed." />
      <${Text} form=${form} path=${['category']} list="categories" label="Category" hint="One of Apple’s. Type to search, as in “Science” or “Arts:Food”." />
      <${Text} form=${form} path=${['language']} list="languages" label="Language" hint=${language ?? 'A tag such as en, de-AT or pt-BR.'} />
      <${Text} form=${form} path=${['link']} type="url" label="Website" hint="The show’s own page." />
      <${Select} form=${form} path=${['type']} label="Order" choices=${[
        ['episodic', 'Newest first'],
        ['serial', 'A story, from its first episode on'],
      ]} />
      <${Check} form=${form} path=${['explicit']} label="Explicit" hint="Has language or subjects that are not for children." />
    </div>
    <${Folded} form=${form} title="Further categories, copyright, funding" paths=${[['categories'], ['copyright'], ['funding'], ['imageUrl'], ['aiDisclosure']]}>
      <${Text} form=${form} path=${['categories', 0]} list="categories" label="Second category" />
      <${Text} form=${form} path=${['categories', 1]} list="categories" label="Third category" />
      <${Text} form=${form} path=${['copyright']} label="Copyright" placeholder="© 2026 Your name" />
      <${Links} form=${form} />
      <${Text} form=${form} path=${['imageUrl']} type="url" label="Cover elsewhere" hint="An address, in place of a cover that is uploaded here." />
    </${Folded}>
    <${Folded} form=${form} title="Moving, hiding, ending" paths=${[['locked'], ['newFeedUrl'], ['complete'], ['block'], ['guid']]}>
      <${Check} form=${form} path=${['locked']} label="Locked" hint="Other hosts are asked not to import the feed." />
      <${Text} form=${form} path=${['newFeedUrl']} type="url" label="Moved to" hint="The address of the feed elsewhere; applications subscribe there from now on." />
      <${Check} form=${form} path=${['complete']} label="Complete" hint="No further episode will come." />
      <${Check} form=${form} path=${['block']} label="Kept out of directories" />
      <${Text} form=${form} path=${['guid']} label="GUID" hint="Of a show that had one before. Left empty, it is made of the feed’s address." />
    </${Folded}>
    <${Folded} form=${form} title="The feed" paths=${[['feedLimit'], ['enclosurePrefix']]}>
      <${Amount} form=${form} path=${['feedLimit']} step="1" label="Most episodes in the feed" hint="The newest so many; all when left empty." />
      <${Text} form=${form} path=${['enclosurePrefix']} type="url" label="Prefix that counts downloads" placeholder="https://op3.dev/e/" hint="Stands before the address of every audio file." />
    </${Folded}>
    <details class="folded">
      <summary>Everything, as JSON: people, places, licence, value and so on</summary>
      <${DocumentText} editing=${form.editing} label="The settings as JSON" />
    </details>
  `
}
