/** How things are called in a project of Google Cloud: the scripts, the build and the dashboards agree on it. */
import type { Secret } from '../shared/engine/serve.ts'

/** Of the Cloud Run service that a function is; a project may hold other people's. */
export const serviceName = (functionName: string): string => `spool-${functionName}`

/** Of the service account; its address ends in @PROJECT.iam.gserviceaccount.com. */
export const accountName = (account: string): string => `spool-${account}`

export const secretName = (secret: Secret): string => `spool-${secret.toLowerCase().replaceAll('_', '-')}`

/** Buckets have names of the whole world: the project's id stands before these. */
export const buckets = ['uploads', 'work', 'episodes', 'public'] as const
export type BucketName = (typeof buckets)[number]

/** A resource's name may have dashes, and the id of a role or a metric none. */
export const roleName = (permission: string): string =>
  `spool.${permission.split('.').slice(1).join('.')}`.replaceAll(/\.(\w)/g, (_dot, letter: string) =>
    letter.toUpperCase(),
  )
