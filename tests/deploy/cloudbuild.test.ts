// cloudbuild.yaml says what Cloud Build understands: known keys and values, steps that exist, in an order that ends.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { build, substitutions } from '../../deploy/cloudbuild.ts'
import { made } from '../../deploy/make.ts'
import { catalogue } from '../../functions/index.ts'
import { nameOf } from '../../shared/engine/serve.ts'
import { misfits, protosOf } from '../support/protos.ts'

const root = path.join(import.meta.dirname, '../..')
const protos = protosOf('@google-cloud/cloudbuild/build/protos/protos.json')
const text = readFileSync(path.join(root, 'cloudbuild.yaml'), 'utf8')
const yaml = parse(text) as ReturnType<typeof build>
const type = 'google.devtools.cloudbuild.v1.Build'

test.each(Object.keys(made))('%s is up to date (else: node deploy/make.ts)', (name) => {
  expect(readFileSync(path.join(root, name), 'utf8')).toBe(made[name])
})

describe('The build', () => {
  test('has no key and no value that Cloud Build does not know', () => {
    expect(misfits(protos, type, yaml)).toEqual([])
  })

  test.each([
    ['steps', { steps: [{ nmae: 'node' }] }, 'steps[0].nmae is unknown'],
    ['options', { options: { logging: 'STACKDRIVER' } }, 'options.logging is no LoggingMode: STACKDRIVER'],
    ['timeout', { timeout: '90m' }, 'timeout is no Duration: "90m"'],
    ['waitFor', { steps: [{ name: 'node', waitFor: 'install' }] }, 'steps[0].waitFor is no list'],
  ])('would be refused with something wrong in %s', (_what, wrong, complaint) => {
    expect(misfits(protos, type, wrong)).toEqual([`${type}.${complaint}`])
  })

  test('has steps of different names, each after steps that stand before it', () => {
    const ids = yaml.steps.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    yaml.steps.forEach(({ id, waitFor }, i) => {
      const before = new Set(['-', ...ids.slice(0, i)])
      expect([id, waitFor.filter((name) => !before.has(name))]).toEqual([id, []])
    })
  })

  test('tests and migrates before it deploys, tries before it switches, and each function is deployed', () => {
    const after = (id: string): string[] =>
      yaml.steps.find((step) => step.id === id)?.waitFor.flatMap((name) => [name, ...after(name)]) ?? []
    for (const entry of catalogue)
      expect(after(`deploy-${nameOf(entry)}`)).toEqual(
        expect.arrayContaining(['test', 'bundle', 'migrate', 'queues']),
      )
    expect(after('smoke')).toEqual(
      expect.arrayContaining(catalogue.map((entry) => `deploy-${nameOf(entry)}`)),
    )
    expect(after('switch')).toContain('smoke')
    expect(after('triggers')).toContain('switch')
  })

  /** https://cloud.google.com/build/docs/configuring-builds/substitute-variable-values */
  const builtIn = ['PROJECT_ID', 'PROJECT_NUMBER', 'BUILD_ID', 'LOCATION']

  test('uses the substitutions it declares, and declares those it uses', () => {
    const { substitutions: declared, ...rest } = yaml
    const used = [...JSON.stringify(rest).matchAll(/(?<!\$)\$\{?(\w+)/g)].map(([, name]) => name!)
    expect(declared).toEqual(substitutions)
    expect(new Set(used.filter((name) => !builtIn.includes(name)))).toEqual(new Set(Object.keys(declared)))
    // https://cloud.google.com/build/docs/build-config-file-schema#substitutions
    for (const name of Object.keys(declared)) expect(name).toMatch(/^_[A-Z0-9_]+$/)
  })

  test('names files that are there', () => {
    const named = yaml.steps.flatMap(({ args }) =>
      args.filter((arg) => /^deploy\/\S+\.(sh|ts|dockerfile)$/.test(arg)),
    )
    expect(named.length).toBeGreaterThan(catalogue.length)
    // written by the step `bundle`'s own program
    const missing = new Set(named.filter((file) => !existsSync(path.join(root, file))))
    expect([...missing].filter((file) => file !== 'deploy/bundle.ts')).toEqual([])
  })

  test('has arguments and a time that Cloud Build takes', () => {
    expect(parseInt(yaml.timeout)).toBeLessThanOrEqual(86_400)
    expect(yaml.steps.length).toBeLessThanOrEqual(300) // https://cloud.google.com/build/quotas
    for (const arg of yaml.steps.flatMap(({ args }) => args)) expect(arg.length).toBeLessThanOrEqual(10_000)
  })

  test('gives a secret to the one step that names it', () => {
    const given = yaml.availableSecrets.secretManager.map(({ env }) => env)
    const taken = yaml.steps.flatMap((step) => ('secretEnv' in step ? step.secretEnv : []))
    expect(taken).toEqual(given)
  })
})
