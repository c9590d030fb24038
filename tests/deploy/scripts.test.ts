// The scripts of a deploy: plain shell, known flags, and a dry run that shows everything and tells no secret.
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { gcloudFlags, gcloudWideFlags } from '../../deploy/gcloud-flags.ts'
import { catalogue, queues } from '../../functions/index.ts'
import { dryRun, everyCommand, stepScripts, type Command } from '../support/dry-run.ts'

const root = path.join(import.meta.dirname, '../..')
const scripts = globSync('deploy/**/*.sh', { cwd: root })

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0
const whereThereIs = hasShellcheck ? test : test.skip

whereThereIs(
  'shellcheck finds nothing (skipped where it is not installed: apt-get install shellcheck)',
  () => {
    const { stdout } = spawnSync('shellcheck', ['-x', '-s', 'bash', ...scripts], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(stdout).toBe('')
  },
)

whereThereIs('shellcheck would find something', () => {
  const { status } = spawnSync('shellcheck', ['-s', 'bash', '-'], { input: '#!/bin/bash\nrm $1\n' })
  expect(status).toBe(1)
})

test('bash reads every script', () => {
  for (const script of scripts) execFileSync('bash', ['-n', script], { cwd: root })
})

let commands: Command[]
beforeAll(() => {
  commands = everyCommand()
})

/** The longest command of the list that these words begin with. */
const commandOf = ({ words }: Command): string | undefined =>
  Object.keys(gcloudFlags)
    .filter((name) => `${words.slice(1).join(' ')} `.startsWith(`${name} `))
    .sort((a, b) => b.length - a.length)[0]

const flagsOf = ({ words }: Command): string[] =>
  words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]!)

const strange = (command: Command): string[] => {
  const name = commandOf(command)
  if (name === undefined) return [`no such command: ${command.line}`]
  const known = [...gcloudFlags[name]!, ...gcloudWideFlags]
  return flagsOf(command)
    .filter((flag) => !known.includes(flag))
    .map((flag) => `${name} has no ${flag}`)
}

describe('Every command', () => {
  test('is one that gcloud has, with flags that it has', () => {
    expect(commands.flatMap(strange)).toEqual([])
  })

  test('would be found out with a flag that is misspelt', () => {
    const words = ['gcloud', 'run', 'deploy', 'spool-api', '--regoin=us-central1']
    expect(strange({ words, line: '' })).toEqual(['run deploy has no --regoin'])
  })

  test('in the list is used: the list is no wish', () => {
    const used = new Map<string, Set<string>>()
    for (const command of commands)
      for (const flag of ['', ...flagsOf(command)])
        used.set(commandOf(command)!, (used.get(commandOf(command)!) ?? new Set()).add(flag))
    const unused = Object.entries(gcloudFlags).flatMap(([name, flags]) =>
      flags.filter((flag) => !used.get(name)?.has(flag)).map((flag) => `${name} ${flag}`),
    )
    expect(unused).toEqual([])
  })

  test('stays in its project, and asks nobody', () => {
    expect(commands.filter(({ line }) => /--project=(?!my-project)/.test(line))).toEqual([])
  })
})

describe('A dry run', () => {
  test('tells no secret', () => {
    const told = commands.filter(({ line }) => /secret-word|spool_[0-9a-f]{8}|password=(?!SECRET)/.test(line))
    expect(told).toEqual([])
  })

  test('makes nothing that is there already, and sets right what is', () => {
    const making = dryRun('deploy/setup.sh', ['--project', 'my-project', '--dry-run'], 'there').filter(
      ({ words }) =>
        words.includes('create') && !['dashboards', 'policies', 'channels'].some((w) => words.includes(w)),
    )
    expect(making.map(({ line }) => line)).toEqual([])
  })

  test('gives every queue the limits of the catalogue', () => {
    const set = dryRun('deploy/steps/queues.sh', [], 'there').filter(({ words }) => words.includes('update'))
    expect(set.map(({ words }) => words[4])).toEqual(Object.keys(queues))
    Object.values(queues).forEach(({ maxConcurrentDispatches }, i) =>
      expect(set[i]!.words).toContain(`--max-concurrent-dispatches=${maxConcurrentDispatches}`),
    )
  })
})

describe('A function', () => {
  const deploys = () => commands.filter((command) => commandOf(command) === 'run deploy')

  test('is deployed without traffic, under the build’s tag, on the image that has ffmpeg', () => {
    const later = deploys().filter(({ words }) => words.includes('--no-traffic'))
    expect(later).toHaveLength(catalogue.length + 1)
    // one function more tries another way to the database; two are tried for the first time
    expect(deploys()).toHaveLength(catalogue.length + 1 + 2)
    for (const { words } of deploys())
      expect(words).toEqual(
        expect.arrayContaining([
          '--tag=v1a2b3c4d',
          '--base-image=google-24-full/nodejs24',
          '--region=us-central1',
        ]),
      )
  })

  test('is open to all where it authenticates its callers itself, and else to one account', () => {
    const open = deploys().filter(({ words }) => words.includes('--no-invoker-iam-check'))
    expect(new Set(open.map(({ words }) => words[3]))).toEqual(
      new Set(['spool-api', 'spool-console', 'spool-on-callback']),
    )
    for (const { words } of open) expect(words.join()).not.toContain('CALLER_IS_CHECKED')
    const members = commands
      .filter((command) => commandOf(command) === 'run services add-iam-policy-binding')
      .map(({ words }) => words.find((word) => word.startsWith('--member=')))
    expect(new Set(members)).toEqual(
      new Set(['--member=serviceAccount:spool-caller@my-project.iam.gserviceaccount.com']),
    )
    expect(members).toHaveLength(catalogue.length - 3 + 1) // one for the first time, too
  })

  test('has an address that a name of the Internet may be', () => {
    for (const { words } of deploys()) {
      const settings = words.find((word) => word.startsWith('--set-env-vars='))!
      const [, template] = /FUNCTIONS_URL=(https:[^;]+)/.exec(settings)!
      const host = new URL(template!.replace('{name}', 'on-callback')).hostname
      expect(host.split('.')[0]!.length).toBeLessThanOrEqual(63) // RFC 1035
    }
  })

  test('gets every setting that it cannot do without', () => {
    const required = [
      ...readFileSync(path.join(root, 'docs/configuration.md'), 'utf8').matchAll(/`(\w+)` \| \*\*required/g),
    ]
    for (const { words } of deploys().filter(({ line }) => line.includes('--set-secrets')))
      for (const [, name] of required)
        expect(words.filter((word) => /^--set-(env-vars|secrets)=/.test(word)).join()).toMatch(
          new RegExp(`\\b${name}=`),
        )
  })
})

describe('A switch of traffic that fails half way', () => {
  /** A gcloud that notes what it is asked, and cannot switch `page`. */
  const switched = (tag: string): { status: number | null; asked: string[] } => {
    const fake = `gcloud() { printf '%s\\n' "$*"; case $* in 'storage cat'*) echo v00000001 ;; esac
      case $* in *spool-page*${tag}*) return 1 ;; esac; }; export -f gcloud; bash deploy/steps/switch.sh 2>&1`
    const { status, stdout } = spawnSync('bash', ['-c', fake], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], PROJECT_ID: 'p', REGION: 'r', BUILD_ID: '1a2b3c4d-1' },
    })
    return { status, asked: stdout.split('\n').filter((line) => line.includes('update-traffic')) }
  }

  test('sends all functions back, and fails the build', () => {
    const { status, asked } = switched('v1a2b3c4d')
    expect(status).toBe(1)
    const back = asked.filter((line) => line.includes('--to-tags='))
    expect(back.slice(-catalogue.length).length).toBe(catalogue.length)
    for (const line of back.slice(-catalogue.length)) expect(line).not.toContain('v1a2b3c4d')
  })

  test('and one that does not is remembered', () => {
    const { status, asked } = switched('nothing')
    expect([status, asked.length]).toEqual([0, catalogue.length])
  })
})

test('Every step of the build that is a script is one of deploy/steps', () => {
  const used = new Set(stepScripts().map(([file]) => file))
  expect([...used].sort()).toEqual(globSync('deploy/steps/*.sh', { cwd: root }).sort())
})
