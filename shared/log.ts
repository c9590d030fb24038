/**
 * The log: one JSON line per event, on stdout, in the fields Cloud Logging reads. Nothing else in the product
 * prints.
 */
import pino from 'pino'

const severities: Record<string, string> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
}

export const log = pino({
  level: process.env['LOG_LEVEL'] ?? 'info',
  base: null,
  messageKey: 'message',
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: { level: (label) => ({ severity: severities[label] ?? 'DEFAULT' }) },
})
