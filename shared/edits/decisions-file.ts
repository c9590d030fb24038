/**
 * The file in which a producer decides on edits, and on what is proposed to be said of the episode. Hides its form, and what
 * in it cannot be meant.
 */
import { z } from 'zod'
import { Permanent } from '../errors.ts'
import { mostMarks } from '../feed/chapter-marks.ts'
import { parseDocument } from '../settings/document.ts'
import { speakerName } from '../settings/segments.ts'
import { withoutUnseen } from '../settings/unseen.ts'
import { shortestCutSeconds } from './cuts.ts'
import type { Edit, EditList } from './edits.ts'

const editId = z.string().max(64)
const span = { startSeconds: z.number().nonnegative(), endSeconds: z.number().nonnegative() }

const mostSpeakers = 50
const place = { startSeconds: z.number().nonnegative() }
const line = (longest: number) =>
  z.string().transform(withoutUnseen).pipe(z.string().trim().min(1).max(longest))
/** What may be said of the episode, but for names where nothing is given by hand: null takes it back, absent leaves it as it is. */
export const takeable = {
  title: line(255).nullable().optional(),
  summary: line(2000).nullable().optional(),
  notes: z
    .array(z.strictObject({ ...place, text: line(500) }))
    .max(100)
    .nullable()
    .optional(),
  chapters: z
    .array(z.strictObject({ ...place, title: line(255) }))
    .max(mostMarks)
    .nullable()
    .optional(),
  /** Names for what the words call their speakers: these count before those given with the episode. */
  speakers: z
    .record(z.string().max(100), speakerName)
    .refine((names) => Object.keys(names).length <= mostSpeakers, `names at most ${mostSpeakers} speakers`)
    .nullable()
    .optional(),
}
const decision = z.discriminatedUnion('decision', [
  z.strictObject({ decision: z.literal('accept'), edit: editId }),
  z.strictObject({ decision: z.literal('reject'), edit: editId }),
  /** It stays only proposed, and is not waited for any more. */
  z.strictObject({ decision: z.literal('leave'), edit: editId }),
  /** Moves the edges of an edit, and accepts it. */
  z.strictObject({ decision: z.literal('adjust'), edit: editId, ...span }),
  /** The text that answers an intern edit's question, and accepts it. */
  z.strictObject({ decision: z.literal('answer'), edit: editId, text: z.string().trim().min(1).max(4000) }),
  z.strictObject({ decision: z.literal('cut'), ...span }),
  z.strictObject({ decision: z.literal('take'), ...takeable }),
])

/** What becomes of the edits that a file does not decide on: all made, none made, or left as they are without waiting for them. */
export const restChoices = ['accept', 'reject', 'leave'] as const
export type Rest = (typeof restChoices)[number]

const decisionsFile = z.strictObject({
  version: z.literal(1),
  decisions: z.array(decision).max(10_000),
  rest: z.enum(restChoices).optional(),
})

export type Decision = z.infer<typeof decision>
export interface Decided {
  readonly decisions: readonly Decision[]
  /** Unset: what waits goes on waiting. */
  readonly rest?: Rest | undefined
}

/** The decisions of a file alone. Throws as `parseDecisionsFile` does. */
export const parseDecisions = (...given: Parameters<typeof parseDecisionsFile>): readonly Decision[] =>
  parseDecisionsFile(...given).decisions

/**
 * Reads a decisions file about the given edits. Throws Permanent `bad_decisions` that names what is wrong.
 */
export function parseDecisionsFile(
  text: string,
  name: string,
  { edits, sampleRate }: EditList,
  totalSamples: number,
): Decided {
  const file = parseDocument(decisionsFile, text, name, 'bad_decisions')
  const known = new Map(edits.map((edit) => [edit.id, edit]))
  file.decisions.forEach((one, i) => {
    const problem = problemOf(one, known, totalSamples / sampleRate)
    if (problem !== undefined) throw new Permanent('bad_decisions', `${name}, decision ${i + 1}: ${problem}`)
  })
  const twice = contradiction(file.decisions)
  if (twice !== undefined) throw new Permanent('bad_decisions', `${name}: ${twice}`)
  return file
}

function problemOf(
  one: Decision,
  known: ReadonlyMap<string, Edit>,
  totalSeconds: number,
): string | undefined {
  if ('edit' in one && !known.has(one.edit))
    return `there is no edit "${one.edit}". ./spool review with the episode's name lists the edits with their ids.`
  if (one.decision === 'answer' && known.get(one.edit)!.kind !== 'intern')
    return `${one.edit} asks nothing, so it takes no answer.`
  if (one.decision === 'take') {
    const places = [...(one.notes ?? []), ...(one.chapters ?? [])]
    const beyond = places.find(({ startSeconds }) => startSeconds >= totalSeconds)
    return beyond && beginsTooLate(beyond.startSeconds, totalSeconds)
  }
  if (!('startSeconds' in one)) return undefined
  if (one.endSeconds - one.startSeconds < shortestCutSeconds)
    return `it is shorter than ${shortestCutSeconds} s, or ends before it starts.`
  if (one.startSeconds >= totalSeconds) return beginsTooLate(one.startSeconds, totalSeconds)
  return one.endSeconds > totalSeconds + roundedSeconds
    ? `what ends at ${one.endSeconds} s ends after the recording, which is ${totalSeconds.toFixed(2)} s long.`
    : undefined
}

/** Of what is said of one edit in one file no part may take another back. */
function contradiction(decisions: readonly Decision[]): string | undefined {
  const said = new Map<string, Decision['decision']>()
  for (const one of decisions) {
    if (!('edit' in one) || !(restChoices as readonly string[]).includes(one.decision)) continue
    const before = said.get(one.edit)
    if (before !== undefined && before !== one.decision)
      return `it says both "${before}" and "${one.decision}" of ${one.edit}. Leave one of them out.`
    said.set(one.edit, one.decision)
  }
  return undefined
}

/** What is typed may be rounded up. */
const roundedSeconds = 1

const beginsTooLate = (startSeconds: number, totalSeconds: number): string =>
  `what starts at ${startSeconds} s starts after the end of the recording, which is ${totalSeconds.toFixed(2)} s long.`
