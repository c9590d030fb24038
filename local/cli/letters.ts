/** `spool letters`: the listener mail there is, in which episodes it was read out, and deletes letters. */
import type { ApiLetter } from '../../shared/api/letters.ts'
import type { Client } from '../client/client.ts'
import { allEpisodes } from '../client/episodes.ts'
import { columns } from './columns.ts'

export interface ListedLetter extends ApiLetter {
  /** The name of the episode that has read it out; null where none has, or one that is gone. */
  readonly episode: string | null
}

/** Newest first. */
export async function listLetters(client: Client): Promise<ListedLetter[]> {
  const letters: ApiLetter[] = []
  for await (const letter of client.items<ApiLetter>('/letters')) letters.push(letter)
  const isAnyRead = letters.some(({ readIn }) => readIn)
  const episodes = isAnyRead ? await allEpisodes(client) : []
  const names = new Map(episodes.map(({ id, podcast, slug }) => [id, `${podcast}/${slug}`]))
  return letters.map((letter) => ({ ...letter, episode: names.get(letter.readIn ?? '') ?? null }))
}

/** Throws Permanent `not_found`, with what was deleted before; `already_running` while an episode that is being made reads it. */
export async function deleteLetters(client: Client, ids: readonly string[]): Promise<{ deleted: string[] }> {
  const deleted: string[] = []
  for (const id of ids) {
    await client.delete(`/letters/${id}`)
    deleted.push(id)
  }
  return { deleted }
}

export function summariseLetters(letters: readonly ListedLetter[]): string {
  if (letters.length === 0)
    return 'There are no letters. Read a mailbox with: ./spool read-mail letters.mbox\n'
  const table = [
    ['LETTER', 'SENT', 'FROM', 'READ OUT IN', 'SUBJECT'],
    ...letters.map(({ id, sender, subject, sentAt, createdAt, episode }) => [
      id,
      (sentAt ?? createdAt).slice(0, 10),
      sender,
      episode ?? '–',
      subject,
    ]),
  ]
  return `${columns(table).join('\n')}\n`
}

export const summariseDeleted = ({ deleted }: { deleted: readonly string[] }): string =>
  `Deleted: ${deleted.length} ${deleted.length === 1 ? 'letter' : 'letters'}. What an episode has read out stays in it.\n`
