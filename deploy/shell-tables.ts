/**
 * The catalogue for the shell: deploy/catalogue.sh, functions that hand each row of a table to a command. Hides
 * that the scripts know no function, queue or account by name.
 */
import { catalogue, database, queues, retries, timeoutSeconds } from '../functions/index.ts'
import { nameOf } from '../shared/engine/serve.ts'
import { access, permissions } from './access.ts'
import { alerts, metrics } from './operations.ts'
import { accountName, buckets, roleName, secretName, serviceName } from './names.ts'

const quoted = (value: string): string => (/^[\w./@:=-]+$/.test(value) ? value : `'${value}'`)

/** `each_NAME COMMAND…` runs the command once a row, with the row's values behind it. */
const each = (name: string, values: string, rows: readonly (readonly (string | number)[])[]): string =>
  [
    `# ${values}`,
    `each_${name}() {`,
    ...rows.map((row) => `  "$@" ${row.map((value) => quoted(String(value))).join(' ')}`),
    '}',
  ].join('\n')

const secrets = [...new Set(catalogue.flatMap((entry) => entry.secrets))].sort()
const sweep = catalogue.find((entry) => entry.trigger === 'schedule')!
const upload = catalogue.find((entry) => entry.trigger === 'upload')!

export const shellTables = (): string =>
  `${[
    '# shellcheck shell=bash disable=SC1112 # a title may have an apostrophe as it is printed\n' +
      '# Made from functions/index.ts and deploy/access.ts by `node deploy/make.ts`; change it there.',
    each(
      'function',
      'SERVICE and whether it is private or public',
      catalogue.map((entry) => [serviceName(nameOf(entry)), entry.trigger === 'http' ? 'public' : 'private']),
    ),
    each(
      'queue',
      'QUEUE, tasks at once, tasks a second, attempts, seconds of the least and the longest pause, doublings',
      Object.entries(queues).map(([name, { maxConcurrentDispatches, maxDispatchesPerSecond }]) => [
        name,
        maxConcurrentDispatches,
        maxDispatchesPerSecond,
        retries.maxAttempts,
        retries.minBackoffSeconds,
        retries.maxBackoffSeconds,
        retries.maxDoublings,
      ]),
    ),
    each(
      'account',
      'ACCOUNT and what it does',
      Object.entries(access).map(([name, { what }]) => [accountName(name), what]),
    ),
    each(
      'permission',
      'ROLE and the one permission that it is',
      permissions.map((permission) => [roleName(permission), permission]),
    ),
    each(
      'bucket_grant',
      'ACCOUNT, bucket, ROLE',
      Object.entries(access).flatMap(([name, { buckets: of }]) =>
        buckets.flatMap((bucket) =>
          (of[bucket] ?? []).map((permission) => [accountName(name), bucket, roleName(permission)]),
        ),
      ),
    ),
    each(
      'queue_grant',
      'ACCOUNT, queue, ROLE',
      Object.entries(access).flatMap(([name, { queues: given }]) =>
        Object.keys(queues).flatMap((queue) =>
          given.map((permission) => [accountName(name), queue, roleName(permission)]),
        ),
      ),
    ),
    each(
      'own_grant',
      'ACCOUNT, ROLE it has on itself',
      Object.entries(access).flatMap(([name, { itself }]) =>
        itself.map((permission) => [accountName(name), roleName(permission)]),
      ),
    ),
    each(
      'secret',
      'SECRET',
      secrets.map((secret) => [secretName(secret)]),
    ),
    each('secret_grant', 'ACCOUNT, SECRET it may read', [
      ...new Map(
        catalogue.flatMap(({ account, secrets: given }) =>
          given.map(
            (secret) =>
              [`${account} ${secret}`, [accountName(account), secretName(secret)] as const] as const,
          ),
        ),
      ).values(),
    ]),
    each(
      'metric',
      'METRIC, counted from the log',
      Object.keys(metrics).map((name) => [name]),
    ),
    each(
      'alert',
      'ALERT and its title',
      Object.entries(alerts).map(([name, { title }]) => [name, title]),
    ),
    `export CONNECTIONS=${database.connections}`,
    `export UPLOAD_SERVICE=${serviceName(nameOf(upload))}`,
    `export SWEEP_SERVICE=${serviceName(nameOf(sweep))}`,
    `export SWEEP_DEADLINE=${timeoutSeconds(sweep)}s`,
  ].join('\n\n')}\n`
