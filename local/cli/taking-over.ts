/**
 * What a show that is there already would say otherwise from now on, told before anything starts. Hides that what `init`
 * wrote to be replaced never takes the place of what a producer wrote.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Permanent } from '../../shared/errors.ts'
import type { Numbers, Replaced } from '../../shared/episode/replaced.ts'
import { podcastSettings } from '../../shared/settings/podcast.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import { readText } from '../../shared/text-file.ts'
import { stillToFill } from './init.ts'

/** A show's settings. Listeners know it by its title and its author; without a slug nothing says that it is this show. */
export interface Said extends Readonly<Record<string, unknown>> {
  readonly title: string
  readonly author: string
  readonly description: string
}

export interface TakingOver {
  readonly slug: string
  readonly known: Said
  readonly told: Said
  /** The podcast.json that tells it. */
  readonly file: string
  readonly changesTemplate: boolean
  /** Its episode of the same name, which is made anew. */
  readonly episode?: string | undefined
  /** The producer says that it is the same show, whatever changes. */
  readonly isMeant?: boolean | undefined
}

/**
 * A note on all that changes of what its producer has set; empty where nothing does. Throws Permanent `bad_podcast_file` where
 * something would be replaced by what `init` wrote, and where listeners would take it for another show: no slug says that it is
 * this one, or more than its title or its author is another. Two folders of one name have one slug, which `init` wrote.
 */
export function takeOver(taking: TakingOver): string {
  const { slug, known, told, file, changesTemplate, episode, isMeant = false } = taking
  const lost = stillToFill(told).filter((setting) => isProducers(known, setting))
  if (lost.length > 0)
    throw new Permanent(
      'bad_podcast_file',
      `${file} still has the ${lost.join(' and the ')} that init wrote, and would put that in the place of what the show ` +
        `"${slug}" says ("${known.title}" by ${known.author}). Write there what listeners shall read. ${ownName(file)}`,
    )
  const different = differentSettings(known, told)
  const changed = different.filter((setting) => isProducers(known, setting))
  const itsTemplate = changesTemplate ? [`its template becomes that of ${path.dirname(file)}`] : []
  if (changed.length === 0)
    return changesTemplate
      ? `Show      "${slug}": ${itsTemplate.join()}, for every episode from now on.\n`
      : ''
  const filled = different.filter((setting) => !changed.includes(setting))
  const all = [...changed, ...filled].map((setting) => becomes(setting, known[setting], told[setting]))
  if (!['title', 'author'].some((setting) => changed.includes(setting)))
    return `Show      "${slug}" changes: ${[...all, ...itsTemplate].join(', ')}.\n`
  if (told['slug'] === undefined)
    throw new Permanent(
      'bad_podcast_file',
      `${file} would make another show of "${slug}" (${all.join(', ')}). If it is that show, let it say so: ` +
        `"slug": "${slug}". If not, give it another title, or a name of its own: "slug": "NAME".`,
    )
  if (changed.length > 1 && !isMeant)
    throw new Permanent(
      'bad_podcast_file',
      `${file} would make another show of "${slug}", which is there already (${all.join(', ')}). ${ownName(file)} ` +
        'If it is that show, and all of this is meant, say so: --same-show.',
    )
  all.push(...itsTemplate)
  if (episode !== undefined) all.push(`its episode "${episode}" is made anew of this recording`)
  return `Show      "${slug}" is there already, and changes: ${all.join(', ')}.\n          ${ownName(file)}\n`
}

/** Title and author first. */
function differentSettings(known: Said, told: Said): string[] {
  const all = new Set(['title', 'author', 'description', ...Object.keys(known), ...Object.keys(told)])
  for (const ours of ['$schema', 'slug']) all.delete(ours)
  return [...all].filter((setting) => !isDeepStrictEqual(known[setting], told[setting]))
}

function becomes(setting: string, known: unknown, told: unknown): string {
  if (told === undefined) return `${setting} ${shown(known)} goes`
  return known === undefined
    ? `${setting} is ${shown(told)}`
    : `${setting} ${shown(known)} becomes ${shown(told)}`
}

const mostShown = 60

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text
}

export interface TakingPlace {
  /** Its name, and what is said of it now. */
  readonly episode: string
  readonly numbers: Numbers
  /** What keeps both. */
  readonly apart: string
  /** The producer says that it is the same episode, under another number too. */
  readonly isMeant: boolean
}

/**
 * That another recording takes the place of the one that an episode is made of. Throws Permanent `already_there` where
 * listeners have that one, unless the same number says that it is the same episode.
 */
export function takesPlace(
  { title, isPublished, recordings, ...listeners }: Replaced,
  { episode, numbers, apart, isMeant }: TakingPlace,
): string {
  const there =
    `${episode}, "${title}", is there already${isPublished ? ' and in the feed' : ''}, made of ` +
    `${recordings.join(', ')}.`
  const isAnother = (['number', 'season'] as const).some((one) => differ(listeners[one], numbers[one]))
  const isNumbered = (numbers.number ?? null) !== null && numbers.number === listeners.number && !isAnother
  if (isPublished && !isMeant && !isNumbered)
    throw new Permanent(
      'already_there',
      isAnother
        ? `${there} It is ${inWords(listeners)}, and this one would be ${inWords(numbers)}: another episode. Then ${apart}. ` +
            'If it is the same one, and to be made anew under another number, say so: --same-episode.'
        : `${there} This is another recording. If it is another episode, ${apart}. ` +
            'If it is the same one, to be made anew of this recording, say so: --same-episode.',
    )
  return `Episode   ${there} It is made anew of this recording.\n          To keep both, ${apart}.\n`
}

/** That a version which waits for its producer is given up for this one. */
export const takesWaitingPlace = (episode: string): string =>
  `Episode   a version of ${episode} waits for your decision; this one takes its place.\n`

/** That nothing is sent, since what is being made is made of this recording. */
export const waitsAlong = (episode: string): string =>
  `Episode   ${episode} is being made of this recording already, and this waits for that.\n` +
  '          What you give now otherwise than then is not looked at: --cancel begins anew with it.\n'

/** What an older Spool says nothing of is not told. */
const differ = (one: number | null | undefined, other: number | null): boolean =>
  (one ?? null) !== null && other !== null && one !== other

const inWords = ({ number, season }: Numbers): string =>
  [
    ...((season ?? null) === null ? [] : [`season ${season}`]),
    ...((number ?? null) === null ? [] : [`number ${number}`]),
  ].join(', ')

const ownName = (file: string): string =>
  `If it is another show, let ${file} give it a name of its own: "slug": "NAME".`

/** Neither a default nor what `init` wrote. */
const isProducers = (known: Said, setting: string): boolean =>
  !isDeepStrictEqual(known[setting], (podcastSettings({}) as Record<string, unknown>)[setting]) &&
  !stillToFill(known).some((other) => other === setting)

/** Whether a template's file says something else than the text of another one. Throws Permanent `bad_template`. */
export async function isOtherTemplate(file: string, there: string): Promise<boolean> {
  const [one, other] = [await readFile(file), Buffer.from(there)].map((bytes) =>
    parseTemplate(readText(bytes).text, file),
  )
  return !isDeepStrictEqual(one, other)
}
