/**
 * Step `notes`: what is heard of a finished episode → a proposal of what to say of it: titles, a summary, show notes,
 * chapters. Nothing of it is used until its producer takes it. The episode neither waits for it nor fails by it.
 */
import type { Knex } from 'knex'
import type { z } from 'zod'
import { decisionsUpTo } from '../shared/db/edit-decisions.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { takenBy, type KeptDecision } from '../shared/edits/decisions.ts'
import { defineStep, type Identity, type Tools } from '../shared/engine/step.ts'
import { fanOut, pick } from '../shared/episode/run-context.ts'
import { speakersNamed } from '../shared/episode/taken.ts'
import { Deferred, Permanent } from '../shared/errors.ts'
import { openKey } from '../shared/providers/choose.ts'
import { openNoteTaker } from '../shared/providers/note-takers.ts'
import { payOnce } from '../shared/providers/paid-call.ts'
import type { NotesSettings } from '../shared/settings/settings.ts'
import type { Timeline } from '../shared/timeline/timeline.ts'
import { nameSpeakers } from '../shared/words/captions.ts'
import { cleanModelNotes, type Cleaned } from '../shared/words/model-notes.ts'
import { heardWords, proposedChapters } from '../shared/words/proposed-chapters.ts'
import type { Proposal } from '../shared/words/proposal.ts'
import { shortened, spokenLines } from '../shared/words/spoken-lines.ts'
import type { Transcript } from '../shared/words/words.ts'

const context = pick(
  'transcriptObject',
  'timelineObject',
  'episodeFacts',
  'providerKeys',
  'heardHash',
  'contentHash',
  'recordingHash',
  'decisionRevision',
)
type Context = z.output<typeof context> & Identity

/** A provider that is away is waited for so long: the run is open meanwhile, and no other can begin. */
const patienceMs = 5 * 60_000

export const notes = defineStep({
  name: 'notes',
  version: 2,
  context,
  load: async (db: Knex, { runId, episodeId, episodeFacts, recordingHash, decisionRevision }) => {
    const { notes: wanted, chapters } = await settingsOf(db, runId)
    const decisions = await decisionsUpTo<KeptDecision>(db, episodeId, recordingHash, decisionRevision)
    return { wanted, chapters, speakers: speakersNamed(episodeFacts.speakers, takenBy(decisions) ?? {}) }
  },
  inputs: ({ heardHash, contentHash }, input) => ({ heard: heardHash || contentHash, ...input }),
  work: async (given, { wanted, chapters, speakers }, tools) => {
    const { storage, config, workObject } = tools
    const bucket = config.buckets.work
    const timeline = await storage.readJson<Timeline>({ bucket, name: given.timelineObject })
    const recognised = await storage.readJson<Transcript>({ bucket, name: given.transcriptObject! })
    const transcript = nameSpeakers(recognised, speakers)
    const counted = chapters === 'propose' ? proposedChapters(transcript, timeline) : []
    const written =
      wanted.provider === undefined ? undefined : await writtenBy(given, wanted, transcript, timeline, tools)
    const proposal: Proposal = {
      ...(written ?? nothing.proposal),
      chapters: written && written.chapters.length > 0 ? written.chapters : counted,
    }
    const isWhole = wanted.provider === undefined || written !== undefined
    // a name of its own: with the same key another attempt may have had more
    const object = workObject(isWhole ? 'proposal.json' : 'proposal-without-model.json')
    await storage.create(object, JSON.stringify(proposal), 'application/json')
    return { proposalObject: object.name, isWhole }
  },
  // one that its provider did not write is not taken over: it is asked for again
  consistsOf: ({ isWhole }, { userId }) =>
    isWhole ? [] : [{ bucket: 'work', name: `w/${userId}/never-written` }],
  passOn: ({ proposalObject }) => ({ proposalObject }),
  parts: fanOut(['proposes', 'transcriptObject'], ({ proposes, transcriptObject }) =>
    proposes && transcriptObject !== null ? [{}] : [],
  ),
})

/** What a model wrote; undefined, with a warning, when there is nothing to be had from it. */
async function writtenBy(
  given: Context,
  wanted: NotesSettings,
  transcript: Transcript,
  timeline: Timeline,
  tools: Tools,
): Promise<Proposal | undefined> {
  try {
    const { proposal, leftOut } = await bought(given, wanted, transcript, timeline, tools)
    if (leftOut.length > 0)
      tools.warn({
        code: 'notes_filtered',
        message: `Of the notes that ${wanted.provider} wrote was left out: ${leftOut.join('; ')}.`,
      })
    return proposal
  } catch (error) {
    const isLate = error instanceof Deferred && error.dueAt.getTime() - tools.since.getTime() > patienceMs
    if (!(error instanceof Permanent) && !isLate) throw error
    tools.warn({
      code: 'notes_failed',
      message: `${wanted.provider} wrote no notes. ${(error as Error).message}`,
    })
    return undefined
  }
}

const nothing: Cleaned = {
  proposal: { by: null, titles: [], summary: '', notes: [], chapters: [] },
  leftOut: [],
}

async function bought(
  { providerKeys, userId, runId, episodeId, part }: Context,
  { provider, model, titles, mostCharacters }: NotesSettings,
  transcript: Transcript,
  timeline: Timeline,
  tools: Tools,
): Promise<Cleaned> {
  const { storage, config, workObject, signal } = tools
  const name = provider!
  const all = spokenLines(heardWords(transcript, timeline))
  const lines = shortened(all, mostCharacters)
  if (lines.length < all.length)
    tools.warn({
      code: 'notes_shortened',
      message:
        `The transcript is longer than the ${mostCharacters} characters that ${name} is given to write notes: ` +
        `${all.length - lines.length} of ${all.length} lines were left out, evenly.`,
    })
  if (lines.length === 0) return nothing // there is nothing to write of, and nobody is paid
  const apiKey = openKey(config, providerKeys, userId, name)
  const taker = openNoteTaker(name, { baseUrl: config.providers.urls[name], apiKey, model })
  const kept = workObject('answer.json')
  return await payOnce<Cleaned, Cleaned>(tools, { userId, runId, episodeId, part }, 'notes', {
    provider: name,
    recall: async () => ((await storage.stat(kept)) ? await storage.readJson<Cleaned>(kept) : undefined),
    submit: async () => ({
      state: 'done',
      result: cleanModelNotes(
        await taker.takeNotes({ lines, language: transcript.language, titles }, signal),
        lines,
        { by: name, mostTitles: titles },
      ),
    }),
    keep: async (cleaned) => {
      await storage.create(kept, JSON.stringify(cleaned), 'application/json')
      return cleaned
    },
  })
}
