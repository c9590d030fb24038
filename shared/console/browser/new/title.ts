/** The title of a new episode, for as long as nobody has typed one: what its first recording is called. */

interface Titled {
  readonly title: string
  /** The title that was filled in by itself last. */
  readonly filled: string
}

/** What was filled in by itself follows the files; what was typed stays, and all does while there is no recording. */
export function withTitle<T extends Titled>(
  form: T,
  files: readonly { readonly kind: string; readonly name: string }[],
): T {
  const recording = files.find(({ kind }) => kind === 'recording')
  if (!recording || (form.title !== '' && form.title !== form.filled)) return form
  const title = titleOf(recording.name)
  return { ...form, title, filled: title }
}

const titleOf = (file: string): string =>
  file
    .replace(/\.[^.]+$/, '')
    .replaceAll(/[_-]+/g, ' ')
    .trim()
