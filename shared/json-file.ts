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
    const what = error.message.replace(/ in JSON at position.*$| is not valid JSON$/s, '')
    throw new NotJson(placeAt(text, mistakeIn(text)), what.slice(0, 200), error)
  }
}

/** Where a value stands in a text that is JSON; of one that is not in it, where the nearest thing around it begins. */
export function placeIn(text: string, path: readonly (string | number)[]): Place {
  const tree = parseTree(text)
  for (let depth = path.length; tree && depth >= 0; depth--) {
    const node = findNodeAtLocation(tree, path.slice(0, depth))
    if (node) return placeAt(text, node.parent?.type === 'property' ? node.parent.offset : node.offset)
  }
  return placeAt(text, 0)
}

function placeAt(text: string, at: number): Place {
  const lines = text.slice(0, at).split('\n')
  return { line: lines.length, column: lines.at(-1)!.length + 1 }
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
