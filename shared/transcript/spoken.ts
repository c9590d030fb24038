/** What is to be spoken in an episode that nobody said: the answers at an intern's places. */
import type { EditList } from './edits.ts'

export interface SpokenText {
  /** The edit it belongs to. */
  readonly edit: string
  readonly text: string
}

export const spokenIn = ({ edits }: EditList): SpokenText[] =>
  edits.flatMap(({ id, status, insert }) =>
    status === 'applied' && insert?.sound === 'speech' && insert.text !== null ? [{ edit: id, text: insert.text }] : [],
  )
