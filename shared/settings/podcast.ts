/** The settings of a show (podcast.json), with every default in one place. */
import { z } from 'zod'
import { isPathPart } from '../objects.ts'
import { findCategory, nearestCategory } from './categories.ts'
import { parseDocument, problemsOf, type Problem } from './document.ts'
import {
  block,
  chat,
  funding,
  image,
  licence,
  location,
  medium,
  person,
  podcastGuid,
  prefix,
  remoteItem,
  trailer,
  txt,
  updateFrequency,
  value,
  webAddress,
} from './feed-values.ts'
import { registeredLanguage } from './language.ts'

/** One of Apple's, alone or as "Parent:Child". */
const category = z
  .string()
  .max(100)
  .refine((text) => findCategory(text) !== undefined, {
    error: ({ input }) =>
      `Apple's list of categories has no such one${likeIt(nearestCategory(String(input)))} (docs/feed.md has them all)`,
  })

const likeIt = (category: string | undefined): string =>
  category === undefined ? '' : `; the nearest is "${category}"`

const podcast = z.strictObject({
  $schema: z.string().optional(),
  title: z.string().min(1).max(255).default('My podcast'),
  slug: z
    .string()
    .refine(isPathPart, { error: 'has 1 to 200 characters, and no slash or control character' })
    .optional()
    .describe(
      'What commands and addresses call it; made of its title when not given, so that a new title makes a new show.',
    ),
  description: z.string().min(1).max(4000).default('A podcast assembled by Spool.'),
  language: registeredLanguage.default('en'),
  author: z.string().min(1).max(255).default('Unknown author'),
  email: z.email().optional(),
  link: webAddress.optional(),
  imageUrl: webAddress
    .optional()
    .describe("A picture elsewhere; a cover among the podcast's assets needs none."),
  category: category.default('Society & Culture').describe('The one that fits best.'),
  categories: z
    .array(category)
    .max(2, 'Apple shows three categories in all')
    .default([])
    .describe('Further ones: Apple shows three in all.'),
  explicit: z.boolean().default(false),
  type: z
    .enum(['episodic', 'serial'])
    .default('episodic')
    .describe('Newest first, or a story told from its first episode on.'),
  copyright: z.string().min(1).max(255).optional(),
  newFeedUrl: webAddress.optional().describe('Where the show has moved to: applications subscribe there.'),
  complete: z.boolean().default(false).describe('No further episode will come.'),
  block: block.default(false).describe('Kept out of every directory, or of the services named.'),
  guid: podcastGuid
    .optional()
    .describe("Of a show that had one before; made of the feed's address when not given."),
  locked: z.boolean().default(false).describe('Whether other hosts are asked not to import the feed.'),
  funding: z.array(funding).max(20).default([]),
  persons: z.array(person).max(50).default([]),
  license: licence.optional(),
  locations: z.array(location).max(20).default([]),
  medium: medium.optional(),
  trailers: z.array(trailer).max(50).default([]),
  updateFrequency: updateFrequency.optional(),
  podroll: z.array(remoteItem).max(100).default([]).describe('Shows that this one recommends.'),
  txt: z.array(txt).max(50).default([]),
  chat: chat.optional(),
  value: value.optional(),
  images: z.array(image).max(20).default([]),
  seasons: z
    .record(z.string().regex(/^[1-9]\d*$/, 'a season’s number'), z.string().trim().min(1).max(128))
    .default({})
    .describe("The seasons' names, by number."),
  enclosurePrefix: prefix
    .optional()
    .describe('Stands before every audio address, to count downloads: `https://op3.dev/e/`.'),
  feedLimit: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('The feed has the newest so many; all when not given.'),
  aiDisclosure: z
    .union([z.literal(false), z.string().trim().min(1).max(300)])
    .optional()
    .describe('What an episode with a synthetic voice says of it; false: nothing.'),
})

export type PodcastSettings = z.infer<typeof podcast>

export const parsePodcast = (text: string, name: string): PodcastSettings =>
  parseDocument(podcast, text, name, 'bad_podcast_file')

/** What was stored before the lists were checked stays as it is. */
const storedPodcast = podcast.extend({
  language: z.string().default('en'),
  category: z.string().default('Society & Culture'),
})
/** A podcast's settings with every default filled in. */
export const podcastSettings = (stored: unknown): PodcastSettings => storedPodcast.parse(stored)

/**
 * The settings that keep the rules, each judged by itself, and the others with what is wrong with them: for what a feed
 * elsewhere says.
 */
export function usablePodcast(given: Readonly<Record<string, unknown>>): {
  settings: PodcastSettings
  refused: { field: string; why: string }[]
} {
  const { success, data, error } = podcast.safeParse(given)
  if (success) return { settings: data, refused: [] }
  const refused = new Map(error.issues.map(({ path, message }) => [String(path[0]), message]))
  const kept = Object.fromEntries(Object.entries(given).filter(([field]) => !refused.has(field)))
  return {
    settings: podcast.parse(kept),
    refused: [...refused].map(([field, why]) => ({ field, why })),
  }
}

/** Says that a voice was made by a machine, in the show's language. */
const disclosures: Readonly<Record<string, string>> = {
  en: 'This episode contains synthetic voices.',
  de: 'Diese Folge enthält synthetische Stimmen.',
  fr: 'Cet épisode contient des voix de synthèse.',
  es: 'Este episodio contiene voces sintéticas.',
}

/** What an episode with a synthetic voice says of it, unless its producer wants nothing said. */
export const disclosureOf = ({ aiDisclosure, language }: PodcastSettings): string | undefined =>
  aiDisclosure === false
    ? undefined
    : (aiDisclosure ?? disclosures[language.split('-')[0]!] ?? disclosures['en'])

/** The show's settings as a JSON schema, for editors. */
export const podcastSchema = (): object => ({
  title: 'Spool podcast',
  ...z.toJSONSchema(podcast, { io: 'input', unrepresentable: 'any' }),
})
export const podcastProblems = (text: string): readonly Problem[] => problemsOf(podcast, text)
