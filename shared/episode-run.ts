/**
 * How a run of an episode begins: from an upload, or again from what an earlier run was given. Hides which scalars a run starts with,
 * and which of the user's providers it may use.
 */
import type { Knex } from 'knex'
import { z } from 'zod'
import { beginEpisode, findEpisode } from './db/episodes.ts'
import { decisionRevision } from './db/decisions.ts'
import type { SealedKey } from './db/keys.ts'
import { latestRunOf, startRun } from './db/runs.ts'
import { insertSteps, type PendingStep } from './db/steps.ts'
import { Permanent } from './errors.ts'
import { partsOf, type Pipeline } from './pipeline.ts'
import type { Variables } from './script.ts'
import { keyPurpose, type Sealer } from './seal.ts'
import { recogniserNames, voicesOf, type EpisodeSettings, type PodcastSettings, type RunSettings } from './settings.ts'

const generation = z.string().nullable()

/** What a run is told before its first step; whatever else is in its context, steps passed on. */
const startScalars = z.object({
  recordingObject: z.string(),
  recordingGeneration: z.string(),
  recordingHash: z.string(),
  /** Every file of a recording that has several, as JSON, and what they are to one another. */
  recordings: z.string(),
  recordingsAre: z.enum(['sequence', 'tracks']),
  outputRate: z.number().nullable(),
  assets: z.string(),
  wordsObject: z.string().nullable(),
  wordsGeneration: generation,
  wordsHash: z.string().nullable(),
  coverObject: z.string().nullable(),
  coverGeneration: generation,
  coverHash: z.string().nullable(),
  chaptersObject: z.string().nullable().default(null),
  chaptersGeneration: generation.default(null),
  chaptersHash: z.string().nullable().default(null),
  /** What its producer says of the episode besides title and description, as JSON. */
  episodeFacts: z.string().default('{}'),
  /** Who transcribes; null when nobody does. */
  recogniser: z.string().nullable(),
  /** The user's sealed keys of the providers that this run may ask, as JSON by provider. */
  providerKeys: z.string(),
  /** What scripts may name, as JSON. */
  variables: z.string(),
  /** The producer's decisions that count in this run. */
  decisionRevision: z.number(),
  /** Whether the producer has looked: what is still open then stays undone, and the run goes on. */
  reviewed: z.boolean(),
})

export type StartScalars = z.infer<typeof startScalars>

const episodeFacts = z.object({
  number: z.number().optional(),
  season: z.number().optional(),
  /** ISO 8601. */
  date: z.string().optional(),
  /** Names by what the transcript calls the speakers. */
  speakers: z.record(z.string(), z.string()).default({}),
})
export type EpisodeFacts = z.infer<typeof episodeFacts>

export const factsOf = ({ number, season, date, speakers }: EpisodeSettings): string => JSON.stringify({ number, season, date, speakers })
export const readFacts = (text: string): EpisodeFacts => episodeFacts.parse(JSON.parse(text))

/** Who transcribes, and the sealed keys of every provider the run may ask. Throws Permanent `provider_key_missing`. */
export function chooseProviders(
  settings: RunSettings,
  hasWords: boolean,
  keys: readonly SealedKey[],
): Pick<StartScalars, 'recogniser' | 'providerKeys'> {
  const { transcription, cleaning } = settings
  const known: readonly string[] = recogniserNames
  const wanted = transcription.provider ?? keys.find(({ provider }) => known.includes(provider))?.provider ?? 'none'
  const recogniser = hasWords || wanted === 'none' ? null : wanted
  const asked = [
    { provider: recogniser, what: 'transcription.provider' },
    { provider: cleaning.intern.answerer, what: 'cleaning.intern.answerer' },
    ...voicesOf(settings).map(({ provider }) => ({ provider: provider === 'flite' ? null : provider, what: 'voice.provider' })),
  ]
  const sealed: Record<string, string> = {}
  for (const { provider, what } of asked) {
    if (provider == null) continue
    const key = keys.find((one) => one.provider === provider)
    if (!key) throw new Permanent('provider_key_missing', `${what} names ${provider}, for which there is no key. Give it with: spool key ${provider}`)
    sealed[provider] = key.sealed
  }
  return { recogniser, providerKeys: JSON.stringify(sealed) }
}

/** The open key of a provider; empty for one that needs none. To be called where the key is used, and nowhere before. */
export function openKey(sealer: Sealer, providerKeys: string, userId: string, provider: string): string {
  const sealed = (JSON.parse(providerKeys) as Record<string, string>)[provider]
  return sealed === undefined ? '' : sealer.open(sealed, keyPurpose(userId, provider))
}

/** What scripts may say of this episode, on the day its run starts. */
export function variablesOf(podcast: PodcastSettings, { number, season, guest, date }: EpisodeSettings, title: string): Variables {
  const day = new Intl.DateTimeFormat(podcast.language, { dateStyle: 'long', timeZone: 'UTC' }).format(
    date === undefined ? new Date() : new Date(date),
  )
  return {
    ...{ podcast_name: podcast.title, episode_title: title, date: day },
    ...(number === undefined ? {} : { episode_number: String(number) }),
    ...(season === undefined ? {} : { season_number: String(season) }),
    ...(guest === undefined ? {} : { guest }),
  }
}

/** Starts the episode's one live run with its first step's rows; when another is live, says which. */
export async function beginRun(
  trx: Knex,
  pipeline: Pipeline,
  begin: { userId: string; episodeId: string; title: string; description: string; settings: RunSettings; context: StartScalars },
): Promise<{ runId: string; started: boolean; steps: () => Promise<PendingStep[]> }> {
  const { userId, episodeId, settings, context } = begin
  const { runId, started } = await startRun(trx, { userId, episodeId, settings, context, warnings: [] })
  if (started) await beginEpisode(trx, episodeId, begin)
  return { runId, started, steps: () => insertSteps(trx, runId, partsOf(pipeline.stages[0]!, context)) }
}

/** Starts a run of the same episode with what its latest run was given, under the producer's newest decisions. Everything still valid is reused. */
export async function runAgain(
  trx: Knex,
  pipeline: Pipeline,
  episodeId: string,
  changes: Partial<Pick<StartScalars, 'reviewed'>>,
): Promise<{ runId: string; started: boolean; steps: PendingStep[] }> {
  const [episode, latest] = [await findEpisode(trx, episodeId), await latestRunOf(trx, episodeId)]
  if (!episode || !latest) throw new Permanent('not_found', 'The episode has never been run.')
  const given = startScalars.parse(latest.context)
  const context = { ...given, decisionRevision: await decisionRevision(trx, episodeId), ...changes }
  const { userId, title, description } = episode
  const run = await beginRun(trx, pipeline, { userId, episodeId, title, description, settings: latest.settings, context })
  return { ...run, steps: run.started ? await run.steps() : [] }
}
