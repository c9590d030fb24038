/** The documents that a producer may write, by their names: the schema of each, and what is wrong with a text. */
import type { Problem } from './document.ts'
import { episodeProblems, episodeSchema } from './episode.ts'
import { podcastProblems, podcastSchema } from './podcast.ts'
import { mailProblems, mailSchema, templateProblems, templateSchema } from './settings.ts'

export const documentNames = ['podcast', 'template', 'episode', 'mail'] as const
export type DocumentName = (typeof documentNames)[number]

export const documents: Readonly<
  Record<DocumentName, { schema: () => object; problemsOf: (text: string) => readonly Problem[] }>
> = {
  podcast: { schema: podcastSchema, problemsOf: podcastProblems },
  template: { schema: templateSchema, problemsOf: templateProblems },
  episode: { schema: episodeSchema, problemsOf: episodeProblems },
  mail: { schema: mailSchema, problemsOf: mailProblems },
}
