/** What a form of a new episode says of it, and what is still in its way before anything is sent. */

export interface Form {
  readonly podcast: string
  readonly newShow: string
  readonly title: string
  /** The title that was filled in by itself. */
  readonly filled: string
  readonly number: string
  readonly season: string
  readonly guest: string
  readonly description: string
  readonly recordingsAre: 'sequence' | 'tracks'
  readonly publish: '' | 'automatic' | 'manual' | 'at'
  readonly at: string
}

export const blank: Form = {
  ...{ podcast: '', newShow: '', title: '', filled: '', number: '', season: '', guest: '', description: '' },
  ...{ recordingsAre: 'sequence', publish: '', at: '' },
}

/** A file as it was dropped. */
interface Given {
  readonly kind: string
  readonly file: { readonly name: string; readonly size: number }
}

const isEmpty = ({ kind, file }: Given): boolean => kind !== 'other' && file.size === 0

/** What is to be said of a file as soon as it is there; undefined where nothing is. */
export function problemOf(given: Given): string | undefined {
  if (given.kind === 'other')
    return 'Nothing would be done with this file. Chapters are called chapters.txt (.json, .vtt, .psc, .xml), a template template.json.'
  if (!isEmpty(given)) return undefined
  return `It is empty. ${given.kind === 'recording' ? 'Record or export it again.' : 'Save it again, or leave it out.'}`
}

/** Why it cannot be sent yet; undefined when it can. */
export function whatIsMissing(
  form: Form,
  files: readonly Given[],
  { podcast, newShow }: { podcast: string; newShow: string | undefined },
  slug: string,
): string | undefined {
  const recordings = files.filter(({ kind }) => kind === 'recording')
  if (recordings.length === 0) return 'Drop a recording first.'
  if (recordings.length > 20) return 'An episode has at most 20 recordings.'
  if (slug === '') return 'It needs a title.'
  if (podcast === '') return newShow === undefined ? 'Choose its show.' : 'The new show needs a name.'
  const empty = files.find(isEmpty)
  if (empty) return `${empty.file.name} is empty.`
  if (files.filter(({ kind }) => kind === 'words').length > 1) return 'Leave all but one file of words out.'
  if (files.filter(({ kind }) => kind === 'cover').length > 1) return 'Leave all but one cover out.'
  if (![form.number, form.season].every((text) => /^\s*(0*[1-9]\d{0,14})?\s*$/.test(text)))
    return 'Number and season are whole numbers from 1 on, such as 3.'
  if (form.publish === 'at' && form.at === '') return 'Say when it is to be published.'
  return undefined
}

/** As episode.json has it. */
export function settingsOf(form: Form, letters: readonly { id: string }[]): Record<string, unknown> {
  const number = (text: string) => (text.trim() === '' ? undefined : Number(text))
  const publish = form.publish === 'at' ? new Date(form.at).toISOString() : form.publish
  const given = {
    title: form.title,
    description: form.description,
    number: number(form.number),
    season: number(form.season),
    guest: form.guest,
    publish,
    recordingsAre: form.recordingsAre === 'tracks' ? 'tracks' : undefined,
    letters: letters.length === 0 ? undefined : letters.map(({ id }) => id),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ''))
}
