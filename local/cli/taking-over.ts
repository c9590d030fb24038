/**
 * What a show that is there already would say otherwise from now on, told before anything starts. Hides that what `init`
 * wrote to be replaced never takes the place of what a producer wrote.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Permanent } from '../../shared/errors.ts'
import type { Replaced } from '../../shared/episode/replaced.ts'
import { podcastSettings } from '../../shared/settings/podcast.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import { readText } from '../../shared/text-file.ts'
import { stillToFill } from './init.ts'

/** Of a show's settings, what listeners know it by. */
export interface Said {
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
}

/**
 * A note where listeners would take it for another show; empty where its title and author stay. Throws Permanent
 * `bad_podcast_file` where something would be replaced by what `init` wrote.
 */
export function takeOver({ slug, known, told, file, changesTemplate, episode }: TakingOver): string {
  const lost = stillToFill(told).filter((setting) => isProducers(known, setting))
  if (lost.length > 0)
    throw new Permanent(
      'bad_podcast_file',
      `${file} still has the ${lost.join(' and the ')} that init wrote, and would put that in the place of what the show ` +
        `"${slug}" says ("${known.title}" by ${known.author}). Write there what listeners shall read. ${ownName(file)}`,
    )
  const becomes = (['title', 'author'] as const)
    .filter((setting) => known[setting] !== told[setting] && isProducers(known, setting))
    .map((setting) => `${setting} "${known[setting]}" becomes "${told[setting]}"`)
  if (becomes.length === 0) return ''
  const all = [
    ...becomes,
    ...(changesTemplate ? [`its template becomes that of ${path.dirname(file)}`] : []),
    ...(episode === undefined ? [] : [`its episode "${episode}" is made anew of this recording`]),
  ]
  return `Show      "${slug}" is there already, and changes: ${all.join(', ')}.\n          ${ownName(file)}\n`
}

/** That another recording takes the place of the one that an episode is made of. `apart`: what keeps both. */
export const takesPlace = (
  episode: string,
  { title, isPublished, recordings }: Replaced,
  apart: string,
): string =>
  `Episode   ${episode}, "${title}", is there already${isPublished ? ' and in the feed' : ''}, made of ` +
  `${recordings.join(', ')}. It is made anew of this recording.\n          To keep both, ${apart}.\n`

const ownName = (file: string): string =>
  `If it is another show, let ${file} give it a name of its own: "slug": "NAME".`

/** Neither a default nor what `init` wrote. */
const isProducers = (known: Said, setting: keyof Said): boolean =>
  known[setting] !== podcastSettings({})[setting] && !stillToFill(known).some((other) => other === setting)

/** Whether a template's file says something else than the text of another one. Throws Permanent `bad_template`. */
export async function isOtherTemplate(file: string, there: string): Promise<boolean> {
  const [one, other] = [await readFile(file), Buffer.from(there)].map((bytes) =>
    parseTemplate(readText(bytes).text, file),
  )
  return !isDeepStrictEqual(one, other)
}
