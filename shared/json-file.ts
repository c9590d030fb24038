/** JSON that people wrote: hides how the place of a mistake, or of a value, is found. */
import { findNodeAtLocation, parseTree } from 'jsonc-parser'

/** Both count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export class NotJson extends SyntaxError implements Place {
  readonly line: number
  readonly column: number
  constructor({ line, column }: Place, what: string, cause: unknown) {
    super(`line ${line}, column ${column}: ${what}`, { cause })
    ;[this.line, this.column] = [line, column]
  }
}

/** Throws NotJson that says in which line and column the mistake is. */
export function parseJson(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(text, reviver)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error // the reviver's
    const what = error.message.replace(/(, \.{3}".*)? is not valid JSON$| in JSON at position.*$/s, '') // the place is said here
    throw new NotJson(placeFinder(text)(mistakeIn(text)), what.slice(0, 200), error)
  }
}

/**
 * Finds where values stand in a text that is JSON; of one that is not in it, where the nearest thing around it begins. The
 * text is read once, however many are looked for.
 */
export function placesIn(text: string): (path: readonly (string | number)[]) => Place {
  const tree = parseTree(text)
  const find = placeFinder(text)
  return (path) => {
    for (let depth = path.length; tree && depth >= 0; depth--) {
      const node = findNodeAtLocation(tree, path.slice(0, depth))
      if (node) return find(node.parent?.type === 'property' ? node.parent.offset : node.offset)
    }
    return find(0)
  }
}

/** The line and column of a character. */
function placeFinder(text: string): (at: number) => Place {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)]
  return (at) => {
    const next = starts.findIndex((start) => start > at)
    const line = next < 0 ? starts.length : next
    return { line, column: at - starts[line - 1]! + 1 }
  }
}

/** The first character with which the text can no longer become JSON, whatever followed. */
function mistakeIn(text: string): number {
  let [fine, wrong] = [0, text.length]
  while (fine < wrong) {
    const middle = (fine + wrong) >> 1
    if (canGoOn(text.slice(0, middle + 1))) fine = middle + 1
    else wrong = middle
  }
  return fine
}

function canGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning)
    return true
  } catch (error) {
    const { message } = error as Error
    const at = /at position (\d+)/.exec(message)?.[1]
    return /end of JSON input|Unterminated/.test(message) || Number(at) === beginning.length
  }
}
