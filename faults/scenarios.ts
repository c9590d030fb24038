/**
 * What is done under faults, each for a user of its own or for an episode that is there. Hides what a producer, or the clock, does
 * in each.
 */
import { randomUUID } from 'node:crypto'
import { withDatabase } from '../shared/db/connect.ts'
import { saveProviderKey } from '../shared/db/provider-keys.ts'
import { insertWebhook } from '../shared/db/webhooks.ts'
import { startPublication, type Asked } from '../shared/episode/publication.ts'
import { askForEpisode } from '../shared/housekeeping/ask-deletion.ts'
import { episodeFolder, mailName, publicFolder, uploadName } from '../shared/objects.ts'
import { keyPurpose, openSealer } from '../shared/providers/seal.ts'
import { newSecret, secretPurpose } from '../shared/webhooks/send.ts'
import type { FaultyCloud } from './cloud.ts'
import { looksAt, type RunRow } from './looks-at.ts'
import { showsOf } from './show.ts'
import { untilOver, type Recording, type Scenario } from './subject.ts'

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
  const { runsOf, helpRuns, ofOneRun, filesOf, paidTwice, chargedOnce, doubtful } = looksAt(cloud)
  const { renameShow, saysItsName, itemsInFeed } = showsOf(cloud)
  let users = 0

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
          ...(await paidTwice(apiKey, run)),
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
      const complaints = async () =>
        (await saysItsName(podcastId)) ? [] : ['the feed has another name than the show']
      return {
        ...ofOneRun(userId, begin, outcome, complaints, earlier),
        meanwhile: () => renameShow(podcastId),
      }
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

function aMailbox(count: number): string {
  const message = (number: number): string =>
    `From MAILER Thu Jan  1 00:00:00 2026\nMessage-ID: <m${number}@mail.test>\nFrom: Listener <l${number}@mail.test>\n` +
    `To: show@mail.test\nSubject: Letter ${number}\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n\nHello, this is letter ${number}.\n\n`
  return Array.from({ length: count }, (_, i) => message(i % 20 === 19 ? i - 5 : i)).join('')
}
