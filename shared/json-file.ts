/** JSON that people wrote: hides how the place of a mistake is found. */

/** Throws SyntaxError that says in which line and column the mistake is. */
export function parseJson(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(text, reviver)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error // the reviver's
    const at = mistakeIn(text)
    const lines = text.slice(0, at).split('\n')
    const what = error.message.replace(/ in JSON at position.*$| is not valid JSON$/s, '')
    throw new SyntaxError(`line ${lines.length}, column ${lines.at(-1)!.length + 1}: ${what.slice(0, 200)}`, {
      cause: error,
    })
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
