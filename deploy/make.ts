/**
 * Writes what is deployed from what the code says: `node deploy/make.ts`. A test compares the files with it.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { cloudbuildYaml } from './cloudbuild.ts'
import { alertPolicy, alerts, dashboard, logMetric, metrics, type MetricName } from './operations.ts'
import { shellTables } from './shell-tables.ts'

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
const files = (folder: string, names: readonly string[], content: (name: string) => object) =>
  Object.fromEntries(names.map((name) => [`deploy/operations/${folder}/${name}.json`, json(content(name))]))

/** The files that are made, from the project's root. */
export const made: Readonly<Record<string, string>> = {
  'cloudbuild.yaml': cloudbuildYaml(),
  'deploy/catalogue.sh': shellTables(),
  'deploy/operations/dashboard.json': json(dashboard()),
  ...files('metrics', Object.keys(metrics), (name) => logMetric(name as MetricName)),
  ...files('alerts', Object.keys(alerts), alertPolicy),
}

if (import.meta.main)
  for (const [name, text] of Object.entries(made)) {
    const file = path.join(import.meta.dirname, '..', name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, text)
  }
