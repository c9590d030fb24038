// The beginning of the sample conversation, with its words: an episode like any other in a fraction of the time.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run } from './audio.ts'

const sample = (file: string): string => path.join(import.meta.dirname, '../../samples', file)

interface WordsFile {
  readonly words: readonly { readonly end: number }[]
}

/** Writes both into the folder. */
export async function excerpt(
  folder: string,
  seconds: number,
): Promise<{ recording: string; words: string }> {
  const recording = path.join(folder, 'excerpt.flac')
  await run(['-t', String(seconds), '-i', sample('conversation.flac'), '-y', recording])
  const file = JSON.parse(readFileSync(sample('conversation.words.json'), 'utf8')) as WordsFile
  const words = path.join(folder, 'excerpt.words.json')
  writeFileSync(words, JSON.stringify({ ...file, words: file.words.filter(({ end }) => end < seconds) }))
  return { recording, words }
}
