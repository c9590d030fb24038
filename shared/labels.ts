/** Audacity's labels: hides their tabs, and the lines of frequencies that may stand between them. */
import { secondsOf } from './timecode.ts'

export interface Label {
  /** Of the file, from 1. */
  readonly line: number
  /** In seconds. */
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Start, end and text with tabs between; undefined when the file is something else. */
export function readLabels(text: string): Label[] | undefined {
  const labels: Label[] = []
  for (const [i, row] of text.split('\n').entries()) {
    if (row.trim() === '' || row.startsWith('\\')) continue
    const [from = '', to = '', said] = row.split('\t')
    const [start, end] = [secondsOf(from), secondsOf(to)]
    if (start === undefined || end === undefined || said === undefined) return undefined
    labels.push({ line: i + 1, start, end, text: said })
  }
  return labels.length === 0 ? undefined : labels
}
