/**
 * What the scripts of deploy/ would do: every command of a dry run, as words. Hides the project that they are tried
 * with, and the step scripts' settings.
 */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { build } from '../../deploy/cloudbuild.ts'

const root = path.join(import.meta.dirname, '../..')

/** As Cloud Build would fill them in. */
const values: Readonly<Record<string, string>> = {
  PROJECT_ID: 'my-project',
  PROJECT_NUMBER: '123456789012',
  BUILD_ID: '1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d',
  _REGION: 'us-central1',
}
const filled = (text: string): string =>
  text.replaceAll(/\$\{?(\w+)\}?/g, (whole, name: string) => values[name] ?? whole)

export interface Command {
  readonly words: readonly string[]
  readonly line: string
}

/** `there`: as if everything were there already. */
export function dryRun(
  script: string,
  args: readonly string[] = [],
  mode: '1' | 'there' = '1',
  databaseFlags: string = build().substitutions._DATABASE_FLAGS,
): Command[] {
  const output = execFileSync('bash', ['-c', `bash "$@" 2>&1`, 'bash', script, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 24,
    stdio: ['ignore', 'pipe', 'pipe'], // a bash that reads from a socket takes itself for a login
    env: {
      PATH: process.env['PATH'],
      LC_ALL: 'C.UTF-8',
      DRY_RUN: mode,
      REGION: values['_REGION'],
      DATABASE_FLAGS: databaseFlags,
      PUBLIC_BASE_URL: '',
      CONSOLE_ISSUER: '',
      CONSOLE_CLIENT_ID: '',
      SWEEP_SCHEDULE: build().substitutions._SWEEP_SCHEDULE,
      ...values,
    },
  })
  return output
    .split('\n')
    .filter((line) => line.startsWith('gcloud '))
    .map((line) => ({ words: wordsOf(line), line }))
}

/** Undoes bash's `printf %q`, as far as it is used here: backslashes, and `$'…'` for what is not ASCII. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:\\.|[^\s\\])+/g)].map(([word]) => word.replaceAll(/\\(.)/g, '$1'))

/** The script of a step of cloudbuild.yaml, and its arguments. */
export const stepScripts = (): readonly (readonly [string, readonly string[]])[] =>
  build().steps.flatMap((step) =>
    'entrypoint' in step && step.entrypoint === 'bash'
      ? [[step.args[0]!, step.args.slice(1).map(filled)] as const]
      : [],
  )

/** Everything that the scripts would run, in a new project and in one that has all of it. */
export const everyCommand = (): Command[] =>
  (['1', 'there'] as const).flatMap((mode) => [
    ...dryRun(
      'deploy/setup.sh',
      ['--project', 'my-project', '--dry-run', '--alerts-to', 'me@example.org'],
      mode,
    ),
    ...dryRun(
      'deploy/setup.sh',
      [
        ...['--project', 'my-project', '--dry-run', '--database-url', 'postgresql://me:secret-word@db/spool'],
        ...['--github', 'me/spool', '--cdn', 'media.example.org'],
      ],
      mode,
    ),
    ...dryRun('deploy/teardown.sh', ['--project', 'my-project', '--with-data', '--dry-run'], mode),
    ...stepScripts()
      // all of them once is enough for what they have in common
      .filter(([file], i) => mode === 'there' || file !== stepScripts()[i - 1]?.[0])
      .flatMap(([file, args]) => dryRun(file, args, mode)),
    // the other ways to a database: docs/deploy.md
    ...dryRun('deploy/steps/function.sh', ['api', 'public'], mode, socketFlags),
    ...dryRun('deploy/steps/migrate.sh', ['image'], mode, socketFlags),
  ])

const socketFlags = '--clear-network --set-cloudsql-instances=my-project:us-central1:spool'
