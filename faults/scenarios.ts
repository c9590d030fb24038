/**
 * What is done under faults, each for a user of its own or for an episode that is there: how it begins, when it is
 * over, and what must be true then. Hides which rows and objects say so.
 */
import { createHash, randomUUID } from 'node:crypto'
import type { StepIdentity } from '../shared/context.ts'
import { AlreadyRunning, codeOf } from '../shared/errors.ts'
import { withDatabase } from '../shared/db/connect.ts'
import { saveProviderKey } from '../shared/db/provider-keys.ts'
import { insertWebhook } from '../shared/db/webhooks.ts'
import { startPublication, type Asked } from '../shared/episode/publication.ts'
import { startAgain } from '../shared/episode/retry.ts'
import { askForEpisode } from '../shared/housekeeping/ask-deletion.ts'
import { episodeFolder, feedName, mailName, publicFolder, uploadName } from '../shared/objects.ts'
import { keyPurpose, openSealer } from '../shared/providers/seal.ts'
import { newSecret, secretPurpose } from '../shared/webhooks/send.ts'
import type { FaultyCloud } from './cloud.ts'
import type { Passing } from './passing.ts'
import { listenForStillness } from './stillness.ts'

/** One doing of a scenario. */
export interface Subject {
  readonly userId: string
  /** Whether a call is part of it. */
  readonly owns: (passing: Passing) => boolean | Promise<boolean>
  /** Sets it going; resolves when that is under way. */
  readonly begin: () => Promise<void>
  /** Whether there is nothing more to be done. */
  readonly isOver: () => Promise<boolean>
  /** Helps on what only a clock would: called when nothing is under way and it is not over. */
  readonly timePasses: () => Promise<void>
  /** Starts again what a full disk ended, as the error asks a producer to. False when no disk ended it. */
  readonly retry?: () => Promise<boolean>
  /** What is to be the same, whatever went wrong on the way. */
  readonly outcome: () => Promise<unknown>
  /** What must never be, in plain words. */
  readonly complaints: () => Promise<string[]>
}

export interface Scenario {
  readonly name: string
  /** Its calls say nothing of whose they are: it is alone in the cloud. */
  readonly isExclusive: boolean
  readonly prepare: () => Promise<Subject>
}

export interface Recording {
  readonly bytes: Buffer
  readonly file: string
}

/** In an outcome: whatever was expected is right. */
export const anything = 'anything'

const isInDoubt = (warnings: readonly { readonly code: string }[]): boolean =>
  warnings.some(({ code }) => code === 'possible_double_charge')

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

const podcast = 'show'
const template = JSON.stringify({
  version: 1,
  transcription: { provider: 'openai', language: 'en' },
  segments: [
    {
      type: 'transition',
      title: 'Hello',
      source: { kind: 'spoken', script: 'Hello.', voice: { provider: 'openai', voice: 'alloy' } },
    },
    { type: 'content' },
  ],
})

interface RunRow {
  readonly id: string
  readonly userId: string
  readonly status: string
  readonly stopReason: string | null
  readonly episodeId: string | null
  readonly podcastId: string | null
  readonly warnings: readonly { readonly code: string }[]
}

const letters = 120

/** An episode that is there. */
interface Made {
  readonly userId: string
  readonly episodeId: string
  readonly podcastId: string
}

export function scenariosOf(cloud: FaultyCloud, recording: Recording): readonly Scenario[] {
  const { services, storage, ask, vendor } = cloud
  const { databaseUrl, sealingKey } = services.config
  let users = 0
  const runOwners = new Map<string, Promise<string | undefined>>()
  const ownerOf = (runId: string): Promise<string | undefined> => {
    const known = runOwners.get(runId)
    if (known) return known
    const asked = ask<{ userId: string }>('SELECT user_id AS "userId" FROM runs WHERE id = :runId', { runId })
    const owner = asked.then(([row]) => row?.userId)
    runOwners.set(runId, owner)
    return owner
  }

  const runsOf = (userId: string): Promise<RunRow[]> =>
    ask<RunRow>(
      `SELECT r.id, r.user_id AS "userId", r.status, r.stop_reason AS "stopReason", r.episode_id AS "episodeId",
              e.podcast_id AS "podcastId", r.warnings
       FROM runs r
       LEFT JOIN episodes e ON e.id = r.episode_id
       WHERE r.user_id = :userId
       ORDER BY r.created_at`,
      { userId },
    )

  /** What waits for its time is due, and the queue is told so. */
  const helpRuns = async (runIds: readonly string[]): Promise<void> => {
    for (const runId of runIds) {
      const waiting = await ask<StepIdentity>(
        `SELECT run_id AS "runId", step, part, turn
         FROM steps
         WHERE run_id = :runId AND status = 'pending' AND due_at > clock_timestamp() + interval '1 second'`,
        { runId },
      )
      await cloud.timePasses([runId])
      if (waiting.length > 0)
        await ask(`UPDATE paid_calls SET sent_at = sent_at - interval '1 hour' WHERE run_id = :runId`, {
          runId,
        })
      for (const step of waiting) await cloud.runNow(step)
    }
  }

  /** A subject whose work is one run of a user. */
  const ofOneRun = (
    userId: string,
    begin: () => Promise<void>,
    outcome: (run: RunRow) => Promise<unknown>,
    complaints: (run: RunRow) => Promise<string[]>,
    earlier: ReadonlySet<string> = new Set(),
  ): Subject => {
    const retried = new Set<string>()
    const all = async () => (await runsOf(userId)).filter(({ id }) => !earlier.has(id) && !retried.has(id))
    return {
      userId,
      owns: async ({ object, task }) =>
        object?.startsWith(`u/${userId}/`) ??
        (task !== undefined && !earlier.has(task.runId) && (await ownerOf(task.runId)) === userId),
      begin,
      isOver: async () => {
        const runs = await all()
        return runs.length > 0 && runs.every(({ status }) => status !== 'queued' && status !== 'started')
      },
      timePasses: async () => helpRuns((await all()).map(({ id }) => id)),
      retry: async () => {
        const full = (await all()).find(({ stopReason }) => stopReason === 'disk_full')
        if (!full) return false
        await startAgain(services, full.id).catch((error: unknown) => {
          if (!(error instanceof AlreadyRunning)) throw error
        })
        retried.add(full.id)
        return true
      },
      outcome: async () => outcome((await all())[0]!),
      complaints: async () => {
        const runs = await all()
        const run = runs[0]!
        const found: string[] = []
        if (runs.length !== 1) found.push(`${runs.length} runs where one was asked for`)
        if (run.status !== 'finished') found.push(`the run is ${run.status} (${run.stopReason})`)
        return [...found, ...(await stepsInTrouble(run.id)), ...(await complaints(run))]
      },
    }
  }

  const stepsInTrouble = async (runId: string): Promise<string[]> => {
    const steps = await ask<{ step: string; part: number; status: string }>(
      `SELECT step, part, status FROM steps WHERE run_id = :runId AND status <> 'done'`,
      { runId },
    )
    return steps.map(({ step, part, status }) => `${step}/${part} is ${status} at the end`)
  }

  /** Names without what differs from one episode to the next, and what is in each. */
  const filesOf = async (bucket: string, prefix: string, userId: string): Promise<[string, string][]> => {
    const found = await services.storage.list(bucket, prefix)
    const files = found.map(async ({ name, contentHash }): Promise<[string, string]> => {
      const file = name.split('/').at(-1)!
      if (file !== 'timeline.json') return [file, contentHash]
      const [bytes] = await storage.bucket(bucket).file(name).download() // it names the user's working files
      return [file, hash(bytes.toString('utf8').replaceAll(userId, 'user'))]
    })
    return (await Promise.all(files)).filter(([file]) => file !== 'manifest.json').sort()
  }

  const giveKey = async (userId: string): Promise<string> => {
    const apiKey = `key-${userId}`
    const sealed = openSealer(sealingKey).seal(apiKey, keyPurpose(userId, 'openai'))
    await withDatabase(databaseUrl, (db) => saveProviderKey(db, userId, { provider: 'openai', sealed }))
    return apiKey
  }

  const put = (name: string, bytes: Buffer | string): Promise<void> =>
    storage.bucket('uploads').file(name).save(bytes, { resumable: false })

  const upload = async (userId: string, episode: string): Promise<void> => {
    await put(uploadName(userId, podcast, episode, 'template.json'), template)
    await put(uploadName(userId, podcast, episode, recording.file), recording.bytes)
  }

  const paidTwice = (apiKey: string, { warnings }: RunRow): string[] => {
    const doubt = isInDoubt(warnings)
    return Object.entries(vendor.charged(apiKey)).flatMap(([what, times]) =>
      times > 1 && !doubt ? [`${what} was paid ${times} times, and nobody was told`] : [],
    )
  }

  const chargedOnce = async (userId: string): Promise<string[]> => {
    const entries = await ask<{ kind: string; key: string; count: number }>(
      `SELECT kind, entry_key AS key, count(*)::int AS count
       FROM usage_entries
       WHERE user_id = :userId AND refunded_at IS NULL
       GROUP BY kind, entry_key`,
      { userId },
    )
    const counters = await ask<{ used: number; charged: number }>(
      `SELECT coalesce(sum(amount), 0)::float8 AS charged,
              (SELECT coalesce(max(used), 0)::float8 FROM usage_counters c WHERE c.user_id = :userId) AS used
       FROM usage_entries
       WHERE user_id = :userId AND refunded_at IS NULL`,
      { userId },
    )
    return [
      ...entries.flatMap(({ key, count }) => (count > 1 ? [`${key} is charged ${count} times`] : [])),
      ...counters.flatMap(({ used, charged }) =>
        used > charged + 1e-6 ? [`${used} is counted, ${charged} charged`] : [],
      ),
    ]
  }

  const itemsInFeed = async (podcastId: string, episodeId: string): Promise<number> => {
    const feed = await storage
      .bucket('public')
      .file(feedName(podcastId))
      .download()
      .catch((error: unknown) => (codeOf(error) === '404' ? '' : Promise.reject(error)))
    const items = [...feed.toString().matchAll(/<item>[\s\S]*?<\/item>/g)]
    return items.filter(([item]) => item.includes(episodeId)).length
  }

  /** What was asked for a second time lies under another name, and the page says that it may have been paid twice. */
  const doubtful = ({ warnings }: RunRow, files: readonly [string, string][]): [string, string][] =>
    files.map(([file, content]) => [
      file,
      isInDoubt(warnings) && /^(timeline\.json|review\.html)$/.test(file) ? anything : content,
    ])

  const episodeOutcome = async (run: RunRow): Promise<unknown> => {
    const { userId, episodeId, podcastId, id } = run
    return {
      made: doubtful(run, await filesOf('episodes', episodeFolder(episodeId!), userId)),
      public: await filesOf('public', publicFolder(podcastId!, episodeId!), userId),
      steps: await ask(
        `SELECT step, count(*)::int AS parts FROM steps WHERE run_id = :id GROUP BY step ORDER BY step`,
        { id },
      ),
      status: (await ask('SELECT status FROM episodes WHERE id = :episodeId', { episodeId: episodeId! }))[0],
    }
  }

  const newUser = (): string => `f${users++}-${randomUUID().slice(0, 8)}`

  const anEpisode: Scenario = {
    name: 'episode',
    isExclusive: false,
    prepare: async () => {
      const userId = newUser()
      const apiKey = await giveKey(userId)
      return ofOneRun(
        userId,
        () => upload(userId, 'one'),
        episodeOutcome,
        async (run) => [
          ...paidTwice(apiKey, run),
          ...(await chargedOnce(userId)),
          ...((await itemsInFeed(run.podcastId!, run.episodeId!)) === 1
            ? []
            : ['the feed has not the episode once']),
        ],
      )
    },
  }

  const mailbox = aMailbox(letters)
  const aMailboxRun: Scenario = {
    name: 'mailbox',
    isExclusive: false,
    prepare: () => {
      const userId = newUser()
      const begin = async () => {
        await put(mailName(userId, 'box.mbox'), mailbox)
      }
      const outcome = async ({ id }: RunRow) => ({
        run: await ask('SELECT processed, total FROM runs WHERE id = :id', { id }),
        letters: await ask(
          `SELECT subject, count(*)::int AS count FROM letters WHERE user_id = :userId GROUP BY subject ORDER BY subject`,
          { userId },
        ),
      })
      return Promise.resolve(ofOneRun(userId, begin, outcome, () => chargedOnce(userId)))
    },
  }

  /** Makes an episode undisturbed; its user, and what is known of it. */
  const made = async (): Promise<Made> => {
    const subject = await anEpisode.prepare()
    await subject.begin()
    await untilOver(subject, cloud)
    const [run] = await runsOf(subject.userId)
    return { userId: subject.userId, episodeId: run!.episodeId!, podcastId: run!.podcastId! }
  }
  const idle: Made[] = []

  const isPublished = async (episodeId: string): Promise<boolean> =>
    (await ask(`SELECT 1 FROM episodes WHERE id = :episodeId AND status = 'published'`, { episodeId }))
      .length > 0

  const changeUndisturbed = async ({ episodeId }: Made, asked: Asked): Promise<void> => {
    const runId = await startPublication(services, episodeId, asked)
    const isOver = async () =>
      (await ask(`SELECT 1 FROM runs WHERE id = :runId AND status = 'finished'`, { runId })).length > 0
    await untilOver({ isOver }, cloud)
  }

  const change = (asked: Asked): Scenario => ({
    name: asked === 'publish' ? 'publication' : 'withdrawal',
    isExclusive: false,
    prepare: async () => {
      const own = idle.pop() ?? (await made())
      const { userId, episodeId, podcastId } = own
      if ((asked === 'publish') === (await isPublished(episodeId)))
        await changeUndisturbed(own, asked === 'publish' ? 'withdraw' : 'publish')
      const earlier = new Set((await runsOf(userId)).map(({ id }) => id))
      const begin = async () => {
        await startPublication(services, episodeId, asked)
      }
      const outcome = async () => {
        idle.push(own)
        return {
          status: await ask('SELECT status FROM episodes WHERE id = :episodeId', { episodeId }),
          files: await filesOf('public', publicFolder(podcastId, episodeId), userId),
          items: await itemsInFeed(podcastId, episodeId),
        }
      }
      return ofOneRun(userId, begin, outcome, () => Promise.resolve([]), earlier)
    },
  })

  const aDeletion: Scenario = {
    name: 'deletion',
    isExclusive: true,
    prepare: async () => {
      const { userId, episodeId, podcastId } = await made()
      const isDone = async (): Promise<boolean> =>
        (await ask(`SELECT 1 FROM deletions WHERE user_id = :userId AND done_at IS NULL`, { userId }))
          .length === 0
      const settle = () => ask('UPDATE deletions SET settles_at = least(settles_at, clock_timestamp())')
      const folders = [
        ['episodes', episodeFolder(episodeId)],
        ['public', publicFolder(podcastId, episodeId)],
        ['uploads', `u/${userId}/${podcast}/one/`],
        ['work', `w/${userId}/`],
      ] as const
      return {
        userId,
        owns: ({ functionName }) => functionName === 'sweep',
        begin: async () => {
          await askForEpisode(services, { userId, episodeId })
          await settle()
          await cloud.sweep().catch(() => undefined)
        },
        isOver: isDone,
        timePasses: async () => {
          await settle()
          await cloud.sweep().catch(() => undefined)
        },
        outcome: () => Promise.resolve('gone'),
        complaints: async () => {
          const left = await Promise.all(
            folders.map(async ([bucket, prefix]) =>
              (await services.storage.list(bucket, prefix)).map(({ name }) => name),
            ),
          )
          const items = await itemsInFeed(podcastId, episodeId)
          return [
            ...left.flat().map((name) => `${name} is still there`),
            ...(items > 0 ? ['the feed still has it'] : []),
            ...(await chargedOnce(userId)),
          ]
        },
      }
    },
  }

  const anEvent: Scenario = {
    name: 'webhook',
    isExclusive: true,
    prepare: async () => {
      const own = idle.pop() ?? (await made())
      const { userId, episodeId } = own
      const hook = randomUUID()
      await ask('DELETE FROM webhooks WHERE user_id = :userId', { userId })
      await withDatabase(databaseUrl, (db) =>
        insertWebhook(
          db,
          {
            userId,
            url: `${vendor.url}/hooks/${hook}`,
            events: ['episode.published', 'episode.unpublished'],
            sealed: openSealer(sealingKey).seal(newSecret(), secretPurpose(userId)),
          },
          10,
        ),
      )
      const due = () =>
        ask(
          `UPDATE webhook_deliveries SET due_at = least(due_at, clock_timestamp()) WHERE status = 'pending'`,
        )
      const isTold = async (): Promise<boolean> => {
        const told = await ask(
          `SELECT 1
           FROM webhook_deliveries d
           JOIN webhooks w ON w.id = d.webhook_id
           WHERE w.user_id = :userId
             AND d.status = 'delivered'
             AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.user_id = :userId AND r.status IN ('queued', 'started'))`,
          { userId },
        )
        return told.length > 0
      }
      return {
        userId,
        owns: ({ functionName }) => functionName === 'notify',
        begin: async () => {
          await startPublication(services, episodeId, (await isPublished(episodeId)) ? 'withdraw' : 'publish')
        },
        isOver: isTold,
        timePasses: async () => {
          // whoever has answered may have been given a task of the run, and been killed with it
          const atWork = (await runsOf(userId)).filter(({ status }) => status === 'started')
          await helpRuns(atWork.map(({ id }) => id))
          await due()
          await cloud.again({ functionName: 'notify' }).catch(() => undefined)
        },
        outcome: () => Promise.resolve('told'),
        complaints: () => {
          idle.push(own)
          const events = vendor.told(hook).size
          return Promise.resolve(events === 1 ? [] : [`${events} events were told where one happened`])
        },
      }
    },
  }

  return [anEpisode, aMailboxRun, change('publish'), change('withdraw'), anEvent, aDeletion]
}

/** Waits until a subject is over: looks whenever a call was answered. Throws when it stands still. */
export async function untilOver(subject: Pick<Subject, 'isOver'>, cloud: FaultyCloud): Promise<void> {
  const stillness = listenForStillness(cloud.control)
  const untilEnd = async (): Promise<'over'> => {
    for (;;) {
      const end = cloud.control.nextEnd(() => true)
      if (await subject.isOver()) return 'over'
      await end
    }
  }
  try {
    if ((await Promise.race([untilEnd(), stillness.fallen])) === 'still')
      throw new Error('What was to be made undisturbed stands still.')
  } finally {
    stillness.close()
  }
}

function aMailbox(count: number): string {
  const message = (number: number): string =>
    `From MAILER Thu Jan  1 00:00:00 2026\nMessage-ID: <m${number}@mail.test>\nFrom: Listener <l${number}@mail.test>\n` +
    `To: show@mail.test\nSubject: Letter ${number}\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n\nHello, this is letter ${number}.\n\n`
  return Array.from({ length: count }, (_, i) => message(i % 20 === 19 ? i - 5 : i)).join('')
}
