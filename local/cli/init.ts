/**
 * `spool init`: a show's folder to begin with. Hides what stands in it at first: documents that are good as they are, each
 * with the schema by which an editor completes and explains it.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, Permanent } from '../../shared/errors.ts'
import { showSlug } from '../../shared/objects.ts'
import { documents } from '../../shared/settings/documents.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'
import { quoted } from './quoted.ts'

export interface Begun {
  readonly folder: string
  readonly written: readonly string[]
  /** There already, and left as they were. */
  readonly kept: readonly string[]
}

const documentNames = ['podcast', 'template', 'episode'] as const

/** Whether there is a show in a folder, or nothing that anybody sees: then no word is needed that it is meant. */
export async function isForShow(folder: string): Promise<boolean> {
  const files = (await readdir(folder)).filter((file) => !file.startsWith('.'))
  return files.length === 0 || files.includes('podcast.json')
}

/** Throws Permanent `bad_output` when it is a file, Error when the folder cannot be written to. */
export async function init(dir: string): Promise<Begun> {
  const folder = path.resolve(dir)
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error
    throw new Permanent('bad_output', `${dir} is a file. Name a folder, which is made if it is not there.`)
  })
  const title = titleOf(path.basename(folder))
  const first = { podcast: firstPodcast(title), template: firstTemplate(), episode: firstEpisode }
  const [written, kept]: [string[], string[]] = [[], []]
  for (const name of documentNames) {
    const schema = `${name}.schema.json`
    for (const [file, content] of [
      [`${name}.json`, { $schema: `./${schema}`, ...first[name] }],
      [schema, documents[name].schema()],
    ] as const)
      ((await isNew(path.join(folder, file), content)) ? written : kept).push(file)
  }
  return { folder, written, kept }
}

/** False when there is such a file. */
async function isNew(file: string, content: object): Promise<boolean> {
  try {
    await writeFile(file, `${JSON.stringify(content, null, 2)}\n`, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** "night-talk" is "Night talk". */
function titleOf(folder: string): string {
  const words = folder.replaceAll(/[-_]+/g, ' ').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const invitation = 'say here, in a few sentences, what listeners hear.'
const nobody = 'Your name'

/** Which settings still say what was written to be replaced. */
export const stillToFill = ({
  author,
  description,
}: {
  author: string
  description: string
}): ('author' | 'description')[] => [
  ...(author === nobody ? (['author'] as const) : []),
  ...(description.endsWith(invitation) ? (['description'] as const) : []),
]

/** Its name stays when its title changes. */
const firstPodcast = (title: string) => ({
  title,
  slug: showSlug(title),
  description: `${title}: ${invitation}`,
  author: nobody,
  language: 'en',
  category: 'Society & Culture',
  explicit: false,
  type: 'episodic',
})

/** The recording alone, with the settings that people change most, at their defaults. */
function firstTemplate() {
  const { cleaning, loudness, output, publish } = parseTemplate('{}', 'the defaults')
  return {
    segments: [{ type: 'content' }],
    cleaning: { pauses: cleaning.pauses, maxRemovedShare: cleaning.maxRemovedShare },
    loudness,
    output: { channels: output.channels },
    publish,
  }
}

/** Without a number: the folder's serves every episode that brings none of its own. */
const firstEpisode = { description: '' }

export const summariseInit = ({ folder, written, kept }: Begun): string => {
  const inside = path.relative(process.cwd(), folder) || '.'
  const here = inside.startsWith('..') ? folder : inside
  return [
    ...(written.length > 0 ? [`Written in ${here}: ${written.join(', ')}`] : []),
    ...(kept.length > 0 ? [`There already, and left as they were: ${kept.join(', ')}`] : []),
    'A cover.jpg or cover.png in it is the show’s; intro, music and so on lie in it too, once template.json names them.',
    'episode.json serves every episode; one with a number or a guest of its own brings its own: --episode FILE.',
    `Then: ./spool assemble RECORDING --podcast ${quoted(here)}`,
    '',
  ].join('\n')
}
