/**
 * What each service account may do, and nothing more: one role of the project's own for each permission, given on
 * the bucket or the queue where it is used. Hides which permission a call of a client needs.
 */
import { buckets, type BucketName } from './names.ts'

/**
 * What the calls of Google's clients need, as shared/storage.ts, with its parts, and shared/engine/tasks.ts make them.
 * Cloud Storage: https://cloud.google.com/storage/docs/access-control/iam-json (methods), Cloud Tasks:
 * https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2, signing:
 * https://cloud.google.com/storage/docs/access-control/signing-urls-with-helpers
 */
export const permissionsOfCall = {
  getMetadata: ['storage.objects.get'],
  createReadStream: ['storage.objects.get'],
  /** Over an object that is there it needs storage.objects.delete as well: see `replacing`. */
  save: ['storage.objects.create'],
  createWriteStream: ['storage.objects.create'],
  combine: ['storage.objects.get', 'storage.objects.create'],
  copy: ['storage.objects.get', 'storage.objects.create'],
  getFiles: ['storage.objects.list'],
  delete: ['storage.objects.delete'],
  /** Cloud Run has no key in a file: the client lets IAM sign. */
  getSignedUrl: ['iam.serviceAccounts.signBlob'],
  createResumableUpload: ['storage.objects.create'],
  createTask: ['cloudtasks.tasks.create'],
  getTask: ['cloudtasks.tasks.get'],
} as const

export type Permission = (typeof permissionsOfCall)[keyof typeof permissionsOfCall][number]

type Call = keyof typeof permissionsOfCall

/** The calls behind each method of the product's own object store and task queue. */
export const callsOfMethod: Readonly<Record<string, readonly Call[]>> = {
  stat: ['getMetadata'],
  read: ['createReadStream'],
  readJson: ['createReadStream'],
  readStream: ['createReadStream'],
  scan: ['createReadStream'],
  create: ['save', 'createWriteStream', 'getMetadata'],
  swap: ['save'],
  compose: ['getMetadata', 'combine'],
  copy: ['copy'],
  copyOver: ['copy'],
  list: ['getFiles'],
  walk: ['getFiles'],
  remove: ['delete'],
  signedUrl: ['getSignedUrl'],
  beginUpload: ['createResumableUpload'],
  enqueue: ['createTask'],
  holds: ['getTask'],
  remind: ['createTask'],
}

/** Methods that replace what is there. */
export const replacing: readonly string[] = ['swap', 'copyOver', 'beginUpload']

export const permissionsOfMethod = (method: string): Permission[] => [
  ...callsOfMethod[method]!.flatMap((call) => [...permissionsOfCall[call]]),
  ...(replacing.includes(method) ? (['storage.objects.delete'] as const) : []),
]

export interface Access {
  readonly what: string
  readonly buckets: Readonly<Partial<Record<BucketName, readonly Permission[]>>>
  /** On every queue, since a step's followers may be on any. */
  readonly queues: readonly Permission[]
  /** As itself: signs addresses that a provider may read from. */
  readonly itself: readonly Permission[]
}

const read = ['storage.objects.get'] as const
const add = ['storage.objects.get', 'storage.objects.create'] as const
const find = ['storage.objects.get', 'storage.objects.list'] as const
const replace = [...add, 'storage.objects.delete'] as const
const clear = ['storage.objects.list', 'storage.objects.delete'] as const
const offer = ['cloudtasks.tasks.create'] as const

/** Of each account that functions/index.ts names. */
export const access: Readonly<Record<string, Access>> = {
  upload: { what: 'sees uploads, starts runs', buckets: { uploads: find }, queues: offer, itself: [] },
  audio: {
    what: 'reads recordings, makes work',
    buckets: { uploads: read, work: add },
    queues: offer,
    itself: [],
  },
  light: {
    what: 'plans episodes and finishes them',
    buckets: { uploads: read, work: add, episodes: add },
    queues: offer,
    itself: [],
  },
  vendors: {
    what: 'asks providers',
    buckets: { work: add },
    queues: offer,
    itself: ['iam.serviceAccounts.signBlob'],
  },
  publish: {
    what: 'changes what the public sees',
    buckets: {
      uploads: find,
      work: read,
      episodes: read,
      public: [...replace, 'storage.objects.list'],
    },
    queues: offer,
    itself: [],
  },
  mail: { what: 'reads mailboxes', buckets: { uploads: read, work: add }, queues: offer, itself: [] },
  api: {
    what: 'answers producers, begins uploads',
    buckets: { uploads: [...find, ...replace], work: read, episodes: find, public: read },
    queues: offer,
    itself: ['iam.serviceAccounts.signBlob'],
  },
  notify: { what: 'tells webhooks', buckets: {}, queues: offer, itself: [] },
  callback: {
    what: 'takes what providers call back with',
    buckets: { work: add },
    queues: offer,
    itself: [],
  },
  sweep: {
    what: 'revives overdue steps, clears away what nobody needs and what users have deleted',
    buckets: {
      uploads: [...clear, 'storage.objects.get'], // an episode that could not begin is planned anew
      work: clear,
      episodes: clear,
      public: [...replace, 'storage.objects.list'], // the feed without a deleted episode
    },
    queues: [...offer, 'cloudtasks.tasks.get'],
    itself: [],
  },
}

/** Every permission that is given somewhere. */
export const permissions: readonly Permission[] = [
  ...new Set(
    Object.values(access).flatMap((each) => [
      ...buckets.flatMap((bucket) => each.buckets[bucket] ?? []),
      ...each.queues,
      ...each.itself,
    ]),
  ),
].sort()
