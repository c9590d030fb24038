/** One show: what it says of itself, where its feed is, the template by which its episodes are made, and its files. */
import { address } from '../api.ts'
import { html, Loading, show, useApi, type Loaded } from '../parts.ts'
import { Assets } from '../show/assets.ts'
import type { Asset } from '../show/template.ts'
import { Cover } from '../show/cover.ts'
import { useEditing } from '../show/editing.ts'
import { Farewell } from '../show/farewell.ts'
import { Feed } from '../show/feed.ts'
import type { Fields } from '../show/document.ts'
import { Rebuild } from '../show/rebuild.ts'
import { SaveBar } from '../show/saving.ts'
import { SettingsForm } from '../show/settings-form.ts'
import { TemplateEditor } from '../show/template-editor.ts'

interface Podcast {
  readonly id: string
  readonly slug: string
  readonly revision: number
  readonly feedUrl: string
  readonly settings: Fields & { readonly title: string }
}
interface Template {
  readonly revision: string
  readonly template: Fields
}
type AssetList = Loaded<{ items: Asset[] }>

const id = location.pathname.split('/').at(-1)!

function Show() {
  const podcast = useApi<Podcast>(`/podcasts/${id}`)
  return html`<${Loading} of=${podcast}>${(found: Podcast) => html`<${Found} podcast=${found} />`}</${Loading}>`
}

function Found({ podcast }: { podcast: Podcast }) {
  const assets = useApi<{ items: Asset[] }>(`/podcasts/${id}/assets`)
  const { slug, settings, feedUrl } = podcast
  return html`
    <p><a href=${address('shows')}>Shows</a></p>
    <h1>${settings.title}</h1>
    <nav class="contents" aria-label="On this page">
      <a href="#settings">Settings</a><a href="#feed">Feed</a><a href="#template">Template</a
      ><a href="#assets">Files</a><a href="#rebuild">Episodes</a>
    </nav>
    <${Settings} podcast=${podcast} assets=${assets} />
    <${Feed} id=${id} feedUrl=${feedUrl} />
    <${Template} slug=${slug} assets=${assets} />
    <${Rebuild} slug=${slug} />
    <${Farewell} id=${id} slug=${slug} />
  `
}

function Settings({ podcast, assets }: { podcast: Podcast; assets: AssetList }) {
  const schema = useApi<object>('/schemas/podcast')
  const editing = useEditing(`/podcasts/${id}`, 'settings', 'podcast', podcast)
  const uploaded = async () => {
    await Promise.all([editing.saveAgain(), assets.reload()])
  }
  return html`<section aria-labelledby="settings">
    <h2 id="settings">Settings</h2>
    <${Loading} of=${assets}>${({ items }: { items: Asset[] }) =>
      html`<${Cover} id=${id} slug=${podcast.slug} assets=${items} uploaded=${uploaded} />`}</${Loading}>
    <${Loading} of=${schema}>${(found: object) => html`<${SettingsForm} form=${{ editing, schema: found }} />`}</${Loading}>
    <${SaveBar} editing=${editing} what="The settings" />
  </section>`
}

function Template({ slug, assets }: { slug: string; assets: AssetList }) {
  const template = useApi<Template>(`/podcasts/${id}/template`)
  const schema = useApi<object>('/schemas/template')
  return html`<${Loading} of=${template}>${(found: Template) =>
    html`<${Loading} of=${schema}>${(known: object) =>
      html`<${Making}
        slug=${slug}
        template=${found}
        schema=${known}
        assets=${assets}
      />`}</${Loading}>`}</${Loading}>`
}

/** The template and the files that it names, which know each other. */
function Making({
  slug,
  template,
  schema,
  assets,
}: {
  slug: string
  template: Template
  schema: object
  assets: AssetList
}) {
  const editing = useEditing(`/podcasts/${id}/template`, 'template', 'template', template)
  const files = assets.data?.items ?? []
  return html`
    <${TemplateEditor} form=${{ editing, schema }} files=${files} />
    <${Assets} id=${id} slug=${slug} template=${editing.document} assets=${assets} />
  `
}

show(Show)
