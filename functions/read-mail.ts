/**
 * read-mail: a mailbox → letters. The first part counts the messages, once; each other part reads a hundred
 * of them, every message by itself.
 */
import { z } from 'zod'
import { positionsDone, recordMessages, type ReadMessage } from '../shared/db/mail-messages.ts'
import { updateRunProgress } from '../shared/db/run-changes.ts'
import { lockRun } from '../shared/db/runs.ts'
import { Permanent, Retryable, Stopped } from '../shared/errors.ts'
import { findMessages, readMessages } from '../shared/mail/mailbox.ts'
import { decodePlaces, encodePlaces, placeBytes, type StoredMailbox } from '../shared/mail/places.ts'
import { UnreadableMail } from '../shared/mail/slim.ts'
import { fileOf } from '../shared/objects.ts'
import { defineStep, type Identity, type Tools } from '../shared/engine/step.ts'

const messagesPerPart = 100
/** So many messages are lost, and read again, when a process dies. */
const messagesPerCommit = 50

const context = z.object({
  mailboxObject: z.string(),
  mailboxGeneration: z.string(),
  /** The producer's own addresses, which write no letters, as JSON. */
  own: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
  placesObject: z.string().optional(),
  from: z.number().optional(),
  to: z.number().optional(),
})
type Context = z.infer<typeof context> & Identity
interface Output {
  readonly placesObject: string | null
  readonly messages: number
  readonly [name: string]: string | number | null
}

export const readMail = defineStep<z.infer<typeof context>, undefined, Output>({
  name: 'read-mail',
  version: 5,
  context,
  work: (context, _input, tools) => (context.part === 0 ? count(context, tools) : read(context, tools)),
  record: async (trx, { runId, part, from, to }, { messages }) => {
    if (part === 0) await updateRunProgress(trx, runId, { total: messages })
    else if ((await positionsDone(trx, runId, from!, to!)).size !== to! - from!)
      throw new Retryable('internal', 'Some messages of the part were not dealt with.')
  },
  furtherParts: ({ placesObject, messages }) =>
    Array.from({ length: Math.ceil(messages / messagesPerPart) }, (_, i) => ({
      placesObject,
      from: i * messagesPerPart,
      to: Math.min(messages, (i + 1) * messagesPerPart),
    })),
})

async function mailboxOf(
  { mailboxObject, mailboxGeneration }: Context,
  { storage, config }: Tools,
): Promise<StoredMailbox> {
  const object = { bucket: config.buckets.uploads, name: mailboxObject, generation: mailboxGeneration }
  const name = fileOf(mailboxObject)
  const stored = await storage.stat(object)
  if (!stored)
    throw new Permanent(
      'upload_replaced',
      `${name} was replaced or deleted before it could be read. Upload it again.`,
    )
  const { mailboxBytes } = config.limits
  if (stored.bytes === 0) throw new Permanent('bad_mailbox', `${name} has no bytes.`)
  if (stored.bytes > mailboxBytes)
    throw new Permanent(
      'bad_mailbox',
      `${name} has ${stored.bytes} bytes; the limit is ${mailboxBytes}. Split it.`,
    )
  return { object, bytes: stored.bytes, name }
}

async function count(context: Context, tools: Tools): Promise<Output> {
  const places = await findMessages(
    tools.storage,
    await mailboxOf(context, tools),
    tools.config.limits.messagesPerRun,
  )
  const object = tools.workObject('places')
  await tools.storage.create(object, encodePlaces(places), 'application/octet-stream')
  return { placesObject: object.name, messages: places.length }
}

async function read(context: Context, tools: Tools): Promise<Output> {
  const { storage, config, signal, withDatabase, progress } = tools
  const [from, to] = [context.from!, context.to!]
  const mailbox = await mailboxOf(context, tools)
  const listed = { bucket: config.buckets.work, name: context.placesObject! }
  const places = decodePlaces(await storage.read(listed, { start: from * placeBytes, end: to * placeBytes }))
  const done = await withDatabase((db) => positionsDone(db, context.runId, from, to))
  const left = Array.from({ length: to - from }, (_, i) => from + i).filter((position) => !done.has(position))
  const own = new Set(context.own.map((address) => address.toLowerCase()))
  let position = 0
  let batch: ReadMessage[] = []
  for await (const open of readMessages(
    storage,
    mailbox,
    left.map((at) => places[at - from]!),
  )) {
    signal.throwIfAborted()
    batch.push(await readOne(left[position++]!, open, own))
    if (batch.length < messagesPerCommit) continue
    await commit(batch, context, tools)
    progress(position / left.length)
    batch = []
  }
  await commit(batch, context, tools)
  return { placesObject: null, messages: to - from }
}

/** One message in trouble costs one item. What the store cannot deliver is not the message's fault. */
async function readOne(
  position: number,
  open: () => AsyncIterable<Buffer>,
  own: ReadonlySet<string>,
): Promise<ReadMessage> {
  try {
    const { readLetter } = await import('../shared/mail/letter.ts') // models of forty languages
    const letter = await readLetter(open())
    return { position, outcome: own.has(letter.senderAddress) ? 'own' : 'letter', letter }
  } catch (error) {
    if (error instanceof UnreadableMail) return { position, outcome: 'failed', reason: error.message }
    throw error
  }
}

/** A short transaction of its own; nothing is recorded once the run has ended. */
const commit = (batch: readonly ReadMessage[], { runId }: Context, { withDatabase }: Tools): Promise<void> =>
  withDatabase((db) =>
    db.transaction(async (trx) => {
      const run = await lockRun(trx, runId)
      if (run?.status !== 'started') throw new Stopped('The run ended before its mailbox was read.')
      await recordMessages(trx, run, batch)
    }),
  )
