/**
 * The settings of one episode (episode.json), and what of them the feed shows. Hides what stands where something is not said
 * again: what was said before, and where nothing was, the default.
 */
import { z } from 'zod'
import { Permanent } from '../errors.ts'
import { fileName } from './cleaning.ts'
import { parseDocument, problemsOf, type Problem } from './document.ts'
import { chat, image, licence, location, person, soundbite, txt, value, webAddress } from './feed-values.ts'
import { publishWhen } from './settings.ts'
import { speakerName } from './segments.ts'

/** What the feed shows of an episode besides its title, its description and its files. */
const details = {
  type: z.enum(['full', 'trailer', 'bonus']).default('full'),
  explicit: z.boolean().optional().describe("In place of the show's."),
  link: webAddress.optional().describe('Its page on the web.'),
  block: z.boolean().default(false).describe('Not shown by directories.'),
  subtitle: z.string().trim().min(1).max(255).optional().describe('One sentence.'),
  summary: z
    .string()
    .trim()
    .min(1)
    .max(4000)
    .optional()
    .describe('A longer text for applications that look for it; the description when not given.'),
  content: z
    .string()
    .min(1)
    .max(100_000)
    .optional()
    .describe(
      'Show notes in HTML; what applications show of it is kept, and a description is made of it when there is none.',
    ),
  seasonName: z.string().trim().min(1).max(128).optional(),
  persons: z
    .array(person)
    .max(50)
    .default([])
    .describe("They take the place of the show's people in this episode."),
  soundbites: z.array(soundbite).max(50).default([]),
  license: licence.optional(),
  locations: z.array(location).max(20).default([]),
  txt: z.array(txt).max(50).default([]),
  chat: chat.optional(),
  value: value.optional(),
  images: z.array(image).max(20).default([]),
}
const episodeDetails = z.object(details)
export const mostDescriptionCharacters = 4000
export const mostTitleCharacters = 255

const episode = z.strictObject({
  $schema: z.string().optional(),
  title: z.string().min(1).max(mostTitleCharacters).optional().describe("The file's name when not given."),
  description: z
    .string()
    .max(mostDescriptionCharacters)
    .optional()
    .describe('Made of `content` when not given.'),
  number: z.number().int().positive().optional().describe('Also `{episode_number}` in scripts.'),
  season: z.number().int().positive().optional().describe('Also `{season_number}` in scripts.'),
  guest: z.string().min(1).max(255).optional().describe('Stands for `{guest}` in scripts.'),
  date: z.iso.date().optional().describe('The day it is about, `{date}` in scripts; today when not given.'),
  recordings: z
    .array(
      z.strictObject({
        file: fileName,
        gainDb: z
          .number()
          .min(-60)
          .max(60)
          .default(0)
          .describe('How much louder it becomes before anything listens to it.'),
        offsetSeconds: z
          .number()
          .min(-3600)
          .max(3600)
          .default(0)
          .describe('Of tracks: how much later than the first it begins.'),
      }),
    )
    .min(1)
    .max(20)
    .optional()
    .describe(
      'Several files as one recording; their order here is that of the episode. The run starts when all of them are there.',
    ),
  recordingsAre: z
    .enum(['sequence', 'tracks'])
    .default('sequence')
    .describe('One after the other, or tracks of one conversation.'),
  letters: z
    .array(z.uuid())
    .max(100)
    .optional()
    .describe(
      'The letters that a mail segment reads out, by id (`./spool letters`); when not given, those it has read out already, then the newest that no episode has.',
    ),
  publish: z
    .union([z.enum(publishWhen), z.iso.datetime({ offset: true })], {
      error: '"automatic", "manual", or a time with its zone such as "2026-12-24T06:00:00+01:00"',
    })
    .optional()
    .describe(
      "In place of the template's, or at a time to come. What is new here counts before a time that was named earlier (`./spool publish --at`).",
    ),
  speakers: z
    .record(z.string(), speakerName)
    .default({})
    .describe('Names for the speakers that a transcript calls A, B or otherwise.'),
  ...details,
})

export type EpisodeSettings = z.infer<typeof episode>
export type EpisodeDetails = z.infer<typeof episodeDetails>

/** Title and description stay by what is edited of them besides; the others belong to one making of it. */
const unstanding = ['title', 'description', 'recordings', 'recordingsAre', 'letters', '$schema'] as const

/** What is said of an episode, field by field. Null takes back what was said of it before. */
export type SaidOfEpisode = {
  readonly [Field in keyof EpisodeSettings]?: EpisodeSettings[Field] | null | undefined
}

/** The same fields; one that is not there is not said, and has no default. */
const said = z.strictObject(
  Object.fromEntries(
    Object.entries(episode.shape).map(([name, field]) => {
      const own = field instanceof z.ZodDefault ? field.unwrap() : field
      return [name, isStanding(name) ? z.nullish(own) : z.optional(own)]
    }),
  ),
) as unknown as z.ZodType<SaidOfEpisode>

function isStanding(name: string): boolean {
  return !unstanding.some((one) => one === name)
}

/** Throws Permanent `bad_episode_file`. */
export const parseSaid = (text: string, name: string): SaidOfEpisode =>
  parseDocument(said, text, name, 'bad_episode_file')

/** What an episode is, of which this is said now and that was said before. */
export const standing = (now: SaidOfEpisode, before: SaidOfEpisode = {}): EpisodeSettings =>
  episode.parse(
    Object.fromEntries(
      [...Object.entries(before).filter(([name]) => isStanding(name)), ...Object.entries(now)]
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, value ?? undefined]),
    ),
  )

export const parseEpisode = (text: string, name: string): EpisodeSettings => standing(parseSaid(text, name))

/**
 * A time that has passed before anybody could wait for it was mistyped; that of the version that is there is as it should be.
 * `wish`: what `file` says of when it is to come out; `before`: what was told when that version was made.
 */
export function pastTime(
  file: string,
  wish: string | null | undefined,
  before: string | null | undefined,
): Permanent | undefined {
  const at = new Date(wish ?? '') // invalid for what is no time
  if (wish === before || !(at.getTime() <= Date.now())) return undefined
  return new Permanent(
    'bad_episode_file',
    `${file}: "publish" is ${wish}, which is past. Name a time to come, or "automatic" for as soon as the episode is finished.`,
  )
}

/** What the feed shows of it. */
export const detailsOf = (settings: EpisodeSettings): EpisodeDetails => episodeDetails.parse(settings)

/** What was stored, with the default of every field that came since. */
export const storedDetails = (stored: unknown): EpisodeDetails => episodeDetails.parse(stored ?? {})

/** The details that keep the rules, each judged by itself: for what a feed elsewhere says. */
export function usableDetails(given: Readonly<Record<string, unknown>>): EpisodeDetails {
  const parsed = episodeDetails.safeParse(given)
  if (parsed.success) return parsed.data
  const refused = new Set(parsed.error.issues.map(({ path }) => String(path[0])))
  return episodeDetails.parse(
    Object.fromEntries(Object.entries(given).filter(([field]) => !refused.has(field))),
  )
}

/** An episode's settings as a JSON schema, for editors. */
export function episodeSchema(): object {
  const schema = z.toJSONSchema(episode, { io: 'input', unrepresentable: 'any' })
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [
    name,
    isStanding(name) ? orNull(field) : field,
  ])
  return { title: 'Spool episode', ...schema, properties: Object.fromEntries(fields) as object }
}

/** An editor shall take null too; what is said of a field stays where it reads it. */
function orNull(field: z.core.JSONSchema._JSONSchema): object {
  if (typeof field === 'boolean') return {}
  const { description, default: usual, ...shape } = field
  const shapes = shape.anyOf && Object.keys(shape).length === 1 ? shape.anyOf : [shape]
  return {
    ...(description === undefined ? {} : { description }),
    ...(usual === undefined ? {} : { default: usual }),
    anyOf: [...shapes, { type: 'null' }],
  }
}

export const episodeProblems = (text: string): readonly Problem[] => problemsOf(said, text)
