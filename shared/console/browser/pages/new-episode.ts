/** A new episode: drop what there is, say what it is called, see what it takes, and watch it go up. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { address, get, type ListOf } from '../api.ts'
import { clock, Field, html, Notice, reasonOf, show, size, useApi } from '../parts.ts'
import { showLike, showSlug } from '../show/naming.ts'
import { isTrial, showLabel, type NamedShow } from '../show-label.ts'
import { filesOf, secondsOf } from '../new/files.ts'
import { blank, problemOf, settingsOf, whatIsMissing, type Form } from '../new/form.ts'
import { tellApart, type Dropped } from '../new/kinds.ts'
import { Quote } from '../new/quote.ts'
import { aNewShow, showChosen } from '../new/show-choice.ts'
import { start } from '../new/start.ts'
import { withTitle } from '../new/title.ts'
import { slugOf } from '../show/naming.ts'

const draftKey = 'spool.new-episode'
const lastShowKey = 'spool.last-show'
const lettersKey = 'spool.letters'
const kindWords = {
  recording: 'recording',
  words: 'words',
  cover: 'cover',
  chapters: 'chapters',
  template: 'template',
  other: 'not used',
} as const

/** What was typed outlives a reload; files cannot, and are asked for again. */
const draft = (): Form => ({
  ...blank,
  ...(JSON.parse(localStorage.getItem(draftKey) ?? '{}') as Partial<Form>),
})

const chosenLetters = (): { id: string; subject: string }[] =>
  JSON.parse(localStorage.getItem(lettersKey) ?? '[]') as { id: string; subject: string }[]

function NewEpisode() {
  const [form, setForm] = useState(draft)
  const [files, setFiles] = useState<Dropped[]>([])
  const [seconds, setSeconds] = useState<Readonly<Record<string, number | undefined>>>({})
  const shows = useApi<ListOf<NamedShow>>('/podcasts?limit=100')
  const letters = chosenLetters()
  useEffect(() => localStorage.setItem(draftKey, JSON.stringify(form)), [form])
  useEffect(() => setForm((before) => withTitle(before, files)), [files])
  const set = (field: keyof Form) => (event: Event) => {
    const { value } = event.target as HTMLInputElement
    setForm((before) => ({ ...before, [field]: value }))
  }
  const add = async (given: readonly File[]) => {
    const dropped = await Promise.all(given.map(tellApart))
    setFiles((before) => [
      ...before.filter(({ name }) => !dropped.some((each) => each.name === name)),
      ...dropped,
    ])
    for (const { file, name, kind } of dropped)
      if (kind === 'recording')
        void secondsOf(file).then((length) => setSeconds((known) => ({ ...known, [name]: length })))
  }
  const recordings = files.filter(({ kind }) => kind === 'recording')
  const own = shows.data?.items.filter(({ slug }) => !isTrial(slug)) // a trial is a show of its own
  const last = localStorage.getItem(lastShowKey) ?? ''
  const chosen = own
    ? showChosen(
        form.podcast,
        last,
        own.map(({ slug }) => slug),
      )
    : ''
  const like = showLike(form.newShow, own ?? [])
  const isNewShow = chosen === aNewShow
  const podcast = isNewShow ? showSlug(form.newShow) : chosen
  return html`
    <h1>New episode</h1>
    <${Drop} add=${add} />
    ${files.length === 0 ? null : html`<${Files} files=${files} seconds=${seconds} change=${setFiles} />`}
    ${
      recordings.length > 1
        ? html`<fieldset class="choice">
            <legend>The ${recordings.length} recordings are</legend>
            <label
              ><input
                type="radio"
                name="are"
                value="sequence"
                checked=${form.recordingsAre === 'sequence'}
                onChange=${set('recordingsAre')}
              />
              one after the other</label
            >
            <label
              ><input
                type="radio"
                name="are"
                value="tracks"
                checked=${form.recordingsAre === 'tracks'}
                onChange=${set('recordingsAre')}
              />
              tracks of one conversation, side by side</label
            >
          </fieldset>`
        : null
    }
    <div class="columns">
      <${Field} label="Show"><select value=${chosen} onChange=${set('podcast')}>
        ${chosen === '' ? html`<option value="">Choose its show …</option>` : null}
        ${own?.map((each, _, all) => html`<option value=${each.slug}>${showLabel(each, all)}</option>`)}
        <option value=${aNewShow}>A new show …</option>
      </select></${Field}>
      ${isNewShow ? html`<${Field} label="Name of the new show"><input value=${form.newShow} onInput=${set('newShow')} maxlength="200" /></${Field}>` : null}
      ${isNewShow && like ? html`<${Notice}>There is a show like it: ${like.settings.title} (${like.slug}).</${Notice}>` : null}
      <${Field} label="Title"><input value=${form.title} onInput=${set('title')} maxlength="255" required /></${Field}>
      <${Field} label="Number"><input inputmode="numeric" pattern="[0-9]*" value=${form.number} onInput=${set('number')} /></${Field}>
      <${Field} label="Season"><input inputmode="numeric" pattern="[0-9]*" value=${form.season} onInput=${set('season')} /></${Field}>
      <${Field} label="Guest"><input value=${form.guest} onInput=${set('guest')} maxlength="255" /></${Field}>
    </div>
    <${Field} label="Description" hint="What listeners read beside the episode."><textarea rows="4" value=${form.description} onInput=${set('description')} maxlength="4000"></textarea></${Field}>
    <${Field} label="When it is finished"><select value=${form.publish} onChange=${set('publish')}>
      <option value="">do as the show's template says</option>
      <option value="automatic">publish it at once</option>
      <option value="manual">keep it until I publish it</option>
      <option value="at">publish it at a time …</option>
    </select></${Field}>
    ${form.publish === 'at' ? html`<${Field} label="Publish at"><input type="datetime-local" value=${form.at} onInput=${set('at')} required /></${Field}>` : null}
    ${letters.length === 0 ? null : html`<p class="quiet">${letters.length} letters are picked for it: ${letters.map(({ subject }) => subject).join(', ')}. <a href=${address('letters')}>Change</a></p>`}
    <${Quote} podcast=${podcast} slug=${slugOf(form.title)} files=${files} seconds=${seconds} are=${form.recordingsAre} />
    <${Go} form=${form} podcast=${podcast} newShow=${isNewShow ? form.newShow : undefined} files=${files} letters=${letters} />
  `
}

function Drop({ add }: { add: (files: readonly File[]) => Promise<void> }) {
  const [isOver, setOver] = useState(false)
  const chosen = (event: Event) => {
    const input = event.target as HTMLInputElement
    void add([...(input.files ?? [])])
    input.value = ''
  }
  const drop = async (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    if (event.dataTransfer) await add(await filesOf(event.dataTransfer))
  }
  return html`<div
    class=${`drop ${isOver ? 'over' : ''}`}
    onDragOver=${(event: DragEvent) => {
      event.preventDefault()
      setOver(true)
    }}
    onDragLeave=${() => setOver(false)}
    onDrop=${(event: DragEvent) => void drop(event)}
  >
    <p>Drop the recording here, and what belongs to it: words (.vtt, .srt, .json), a cover, chapters.</p>
    <p class="buttons">
      <label class="button main"
        >Choose files<input class="hidden" type="file" multiple onChange=${chosen}
      /></label>
      <label class="button"
        >Choose a folder<input class="hidden" type="file" webkitdirectory onChange=${chosen}
      /></label>
    </p>
  </div>`
}

function Files({
  files,
  seconds,
  change,
}: {
  files: readonly Dropped[]
  seconds: Readonly<Record<string, number | undefined>>
  change: (files: Dropped[]) => void
}) {
  const move = (from: number, to: number) => {
    const moved = [...files]
    moved.splice(to, 0, ...moved.splice(from, 1))
    change(moved)
  }
  return html`<ul class="files" aria-label="Files">
    ${files.map((dropped, i) => {
      const { name, kind, file } = dropped
      const problem = problemOf(dropped)
      const length = seconds[name]
      const before = files.slice(0, i).findLastIndex((each) => each.kind === 'recording')
      return html`<li key=${name} class=${kind}>
        <span
          ><b>${file.name}</b>
          <span class="quiet"
            >${kindWords[kind]} · ${size(file.size)}${length === undefined ? '' : ` · ${clock(length)}`}</span
          ></span
        >
        <span class="buttons">
          ${kind === 'recording' && before >= 0 ? html`<button type="button" aria-label=${`Move ${name} up`} onClick=${() => move(i, before)}>↑</button>` : null}
          <button
            type="button"
            aria-label=${`Leave ${name} out`}
            onClick=${() => change(files.filter((each) => each.name !== name))}
          >
            Leave out
          </button>
        </span>
        ${problem === undefined ? null : html`<${Notice}>${problem}</${Notice}>`}
      </li>`
    })}
  </ul>`
}

type State =
  | { readonly phase: 'ready'; readonly error?: unknown }
  | { readonly phase: 'sending' | 'paused'; readonly isWaiting: boolean }

function Go({
  form,
  podcast,
  newShow,
  files,
  letters,
}: {
  form: Form
  podcast: string
  newShow: string | undefined
  files: readonly Dropped[]
  letters: readonly { id: string }[]
}) {
  const [state, setState] = useState<State>({ phase: 'ready' })
  const [sent, setSent] = useState<Readonly<Record<string, number>>>({})
  const stop = useRef<AbortController>(undefined)
  const mustStay = useRef(false) // read when the page is left, which may be before it is drawn anew
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => mustStay.current && event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [])
  const slug = slugOf(form.title)
  const used = files.filter(({ kind }) => kind !== 'other')
  const all = used.reduce((sum, { file }) => sum + file.size, 0)
  const come = used.reduce((sum, { name }) => sum + (sent[name] ?? 0), 0)
  const missing = whatIsMissing(form, files, { podcast, newShow }, slug)
  const go = async () => {
    const { signal } = (stop.current = new AbortController())
    setState({ phase: 'sending', isWaiting: false })
    mustStay.current = true
    try {
      const isThere = newShow !== undefined && (await isBegun(podcast))
      const episode = settingsOf(form, letters)
      const id = await start(
        { podcast, newShow: isThere ? undefined : newShow, slug, episode, files: used },
        {
          signal,
          progress: (name, bytes) => setSent((before) => ({ ...before, [name]: bytes })),
          waiting: (isWaiting) => setState({ phase: 'sending', isWaiting }),
        },
      )
      localStorage.setItem(lastShowKey, podcast)
      localStorage.removeItem(draftKey)
      localStorage.removeItem(lettersKey)
      mustStay.current = false
      setState({ phase: 'ready' })
      location.assign(address(`episodes/${id}`))
    } catch (error) {
      mustStay.current = false
      setState(signal.aborted ? { phase: 'paused', isWaiting: false } : { phase: 'ready', error })
    }
  }
  return html`
    ${state.phase === 'ready' && state.error !== undefined ? html`<${Notice} kind="error"><span class="lines">${reasonOf(state.error)}</span></${Notice}>` : null}
    ${
      state.phase === 'ready'
        ? html`<button
              type="button"
              class="main"
              disabled=${missing !== undefined}
              onClick=${() => void go()}
            >
              Upload and make it
            </button>
            ${missing === undefined ? null : html` <span class="quiet">${missing}</span>`}`
        : html`<div class="card" aria-live="polite">
            <progress max=${all} value=${come} aria-label="Upload"></progress>
            <p>
              ${size(come)} of
              ${size(all)}${state.phase === 'paused' ? ' · paused' : state.isWaiting ? ' · no connection; it goes on by itself' : come >= all ? ' · it begins …' : ''}
            </p>
            <p class="buttons">
              ${
                state.phase === 'paused'
                  ? html`<button type="button" class="main" onClick=${() => void go()}>Go on</button>`
                  : html`<button type="button" onClick=${() => stop.current?.abort()}>Pause</button>`
              }
            </p>
          </div>`
    }
  `
}

/** The show that was to be begun is there already: by the same page, before a pause. */
const isBegun = async (podcast: string): Promise<boolean> =>
  (await get<ListOf<NamedShow>>('/podcasts?limit=100')).items.some(({ slug }) => slug === podcast)

show(NewEpisode)
