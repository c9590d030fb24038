/**
 * API routes for reviews: what was proposed for an episode and what waits, with words, waveform and sound, and the
 * producer's decisions.
 */
import { z } from '@hono/zod-openapi'
import type { Services } from '../engine/services.ts'
import { restChoices } from '../edits/decisions-file.ts'
import { openProposal } from '../review/proposed.ts'
import { restorationLines } from '../review/restoration-lines.ts'
import { openRestoration, openReview, submitDecisions, type Review } from '../review/review.ts'
import { once } from './idempotency.ts'
import {
  giveSound,
  peaksAnswer,
  peaksQuery,
  restorationAnswer,
  reviewAnswer,
  showPeaks,
  showReview,
  soundRoute,
} from './review-answers.ts'
import { changes, episodeFinder, idParam, jsonBody, reads, started, type App } from './routes.ts'

const edit = z
  .object({
    id: z.string(),
    kind: z.string(),
    status: z.string(),
    startSeconds: z.number(),
    endSeconds: z.number(),
    text: z.string(),
    reason: z.string(),
    score: z.number(),
    question: z.string().optional(),
    waits: z.boolean(),
  })
  .openapi('Edit')
const place = {
  startSeconds: z.number().openapi({ description: 'In the finished episode.' }),
  recordedSeconds: z.number().openapi({ description: 'In the recording: what a decision names.' }),
}
const taken = z.object({
  title: z.string().optional(),
  summary: z.string().optional(),
  notes: z.array(z.object({ startSeconds: z.number(), text: z.string() })).optional(),
  chapters: z.array(z.object({ startSeconds: z.number(), title: z.string() })).optional(),
})
const proposal = z
  .object({
    proposal: z
      .object({
        by: z.string().nullable().openapi({ description: 'The provider; null where words were counted.' }),
        titles: z.array(z.string()),
        summary: z.string(),
        notes: z.array(z.object({ ...place, text: z.string() })),
        chapters: z.array(z.object({ ...place, title: z.string() })),
      })
      .nullable(),
    taken: taken.openapi({ description: 'By decisions, in seconds of the recording.' }),
    given: z
      .object({ title: z.boolean(), description: z.boolean(), chapters: z.boolean() })
      .openapi({ description: 'What is given by hand, and stays.' }),
  })
  .openapi('Proposal')
const decisions = z.looseObject({
  version: z.literal(1),
  decisions: z.array(z.looseObject({})),
  rest: z.enum(restChoices).optional().openapi({
    description:
      'What becomes of the edits that are not decided on: all made, none made, or left as they are. Unset: those that wait go on waiting.',
  }),
})
const taking = started
  .extend({
    left: z
      .int()
      .openapi({ description: 'Edits that the run will wait for again: nothing was said of them.' }),
  })
  .openapi('DecisionsTaken')

const routes = {
  review: reads(
    '/episodes/{id}/review',
    'What was recorded and what is proposed: words and edits, in seconds of the recording',
    { params: idParam },
    reviewAnswer,
  ),
  peaks: reads(
    '/episodes/{id}/review/peaks',
    'The waveform of a span of the recording',
    { params: idParam, query: peaksQuery },
    peaksAnswer,
  ),
  sound: soundRoute('/episodes/{id}/review/sound', idParam, [{ bearer: [] }]),
  restoration: reads(
    '/episodes/{id}/restoration',
    'What was found in the sound of the recording, and done about it',
    { params: idParam },
    restorationAnswer,
  ),
  edits: reads(
    '/episodes/{id}/edits',
    'What was proposed, and what waits for you',
    { params: idParam },
    z.object({ runId: z.uuid(), status: z.string(), edits: z.array(edit) }),
  ),
  proposal: reads(
    '/episodes/{id}/proposal',
    'Titles, summary, show notes and chapters that are proposed; a decision "take" uses them',
    { params: idParam },
    proposal,
  ),
  decide: changes(
    '/episodes/{id}/decisions',
    'Decide; the waiting run goes on once nothing is left open, or the episode is made again',
    { params: idParam, ...jsonBody(decisions) },
    taking,
    202,
  ),
}

export function addReviews(app: App, services: Services): void {
  const find = episodeFinder(services)

  app.openapi(routes.review, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    return context.json(showReview(await openReview(services, id)), 200)
  })
  app.openapi(routes.peaks, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    return context.json(await showPeaks(services, id, context.req.valid('query')), 200)
  })
  app.openapi(routes.sound, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    return await giveSound(services, id, context.req.valid('query'), context.req.raw)
  })
  app.openapi(routes.restoration, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    const report = await openRestoration(services, id)
    return context.json({ restoration: report ? restorationLines(report) : null }, 200)
  })
  app.openapi(routes.edits, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    return context.json(listEdits(await openReview(services, id)), 200)
  })
  app.openapi(routes.proposal, async (context) => {
    const { id } = await find(context.var.caller.userId, context.req.valid('param').id)
    const { proposal: found, ...rest } = await openProposal(services, id)
    const shown = found && { ...found, titles: [...found.titles] }
    return context.json(
      { ...rest, proposal: shown && { ...shown, notes: [...shown.notes], chapters: [...shown.chapters] } },
      200,
    )
  })
  app.openapi(routes.decide, async (context) => {
    const { userId } = context.var.caller
    const { status, body } = await once(context, services.config, userId, async () => {
      const { id } = await find(userId, context.req.valid('param').id)
      const review = await openReview(services, id)
      return {
        status: 202,
        body: await submitDecisions(services, review, await context.req.text(), 'The decisions'),
      }
    })
    return context.json(body, status)
  })
}

function listEdits({ run, edits, waiting }: Review) {
  const waits = new Set(waiting.map(({ id }) => id))
  const seconds = (sample: number) => sample / edits.sampleRate
  const listed = edits.edits.map(
    ({ id, kind, status, startSample, endSample, text, reason, score, question }) => ({
      id,
      kind,
      status,
      startSeconds: seconds(startSample),
      endSeconds: seconds(endSample),
      text,
      reason,
      score,
      ...(question === undefined ? {} : { question }),
      waits: waits.has(id),
    }),
  )
  return { runId: run.id, status: run.status, edits: listed }
}
