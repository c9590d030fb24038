/**
 * The log: one JSON line per event, on stdout, in the fields Cloud Logging reads. Nothing else in the product
 * prints. https://cloud.google.com/logging/docs/structured-logging lists those fields.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import pino from 'pino'
import { unspoken } from './unspoken.ts'

const severities: Record<string, string> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
}

/** What lines are looked for by; as labels they are indexed. */
const labelled = ['run', 'step', 'part'] as const

const traces = new AsyncLocalStorage<string>()

/** Every line of what is done from here on, in this request, carries the trace `projects/…/traces/…`. */
export const enterTrace = (trace: string): void => traces.enterWith(trace)

export const log = pino({
  level: process.env['LOG_LEVEL'] ?? 'info',
  base: null,
  hooks: { streamWrite: unspoken },
  messageKey: 'message',
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  mixin: () => {
    const trace = traces.getStore()
    return trace === undefined ? {} : { 'logging.googleapis.com/trace': trace }
  },
  formatters: {
    level: (label) => ({ severity: severities[label] ?? 'DEFAULT' }),
    log: (fields) => {
      const labels = labelled.flatMap((name) => (name in fields ? [[name, String(fields[name])]] : []))
      return labels.length === 0
        ? fields
        : { ...fields, 'logging.googleapis.com/labels': Object.fromEntries(labels) as object }
    },
  },
})
