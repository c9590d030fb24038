/**
 * The sample conversation as data: who says what, how long the silence after it is, and every flaw that Spool
 * is to mend.
 */
import type { Voice } from '../shared/providers/flite.ts'

export type Speaker = 'Ada' | 'Ben'

export interface Turn {
  readonly speaker: Speaker
  readonly text: string
  /** From the end of the last word to the start of the next. */
  readonly pauseSeconds: number
  /** When the speaker turns away from the microphone. */
  readonly gainDb?: number
}

export interface Seat {
  readonly voice: Voice
  /** What brings the synthesiser's level to that of this speaker in the room. */
  readonly gainDb: number
}

/** Ben sits further away: he is about 5 LU quieter. */
export const seats: Readonly<Record<Speaker, Seat>> = {
  Ada: { voice: 'slt', gainDb: -7.5 },
  Ben: { voice: 'rms', gainDb: -7.5 },
}

export const leadInSeconds = 0.8
const turnSeconds = 0.35

export const script: readonly Turn[] = [
  {
    speaker: 'Ada',
    text: 'Hello, and welcome to Spool, the show about podcasts that, um, almost make themselves.',
    pauseSeconds: turnSeconds,
  },
  {
    speaker: 'Ben',
    text: 'Um, hello. I am Ben, and I still own scissors for cutting tape.',
    pauseSeconds: 2.1,
  },
  { speaker: 'Ada', text: 'Ben, what does serverless mean to you?', pauseSeconds: 3.2 },
  { speaker: 'Ben', text: 'Hmm.', pauseSeconds: 1.8 },
  { speaker: 'Ben', text: 'It means that somebody stole the server.', pauseSeconds: turnSeconds },
  { speaker: 'Ada', text: 'Nobody stole it. It sleeps, uh, until there is work to do.', pauseSeconds: 0.5 },
  { speaker: 'Ben', text: 'So it is like my cat.', pauseSeconds: 2.4 },
  {
    speaker: 'Ada',
    text: 'A little. You drop a recording into a bucket, and small functions wake up, one after another.',
    pauseSeconds: 0.3,
  },
  {
    speaker: 'Ada',
    text: 'One of them counts the words um, and writes them all down.',
    pauseSeconds: turnSeconds,
  },
  { speaker: 'Ben', text: 'And another one takes out the, er,', pauseSeconds: 2.6, gainDb: -3 },
  { speaker: 'Ben', text: 'the embarrassing bits?', pauseSeconds: turnSeconds },
  {
    speaker: 'Ada',
    text: 'It cuts er, the hesitations, it shortens the silences, and it keeps the jokes.',
    pauseSeconds: 0.4,
  },
  { speaker: 'Ben', text: 'Even mine?', pauseSeconds: 3.8 },
  { speaker: 'Ada', text: 'We are, um, still testing that.', pauseSeconds: 0.6 },
  { speaker: 'Ben', text: 'And if a machine dies in the uh middle of the night?', pauseSeconds: turnSeconds },
  {
    speaker: 'Ada',
    text: 'Then another one picks up the tape, and nobody has to get out of bed.',
    pauseSeconds: 0.5,
  },
  { speaker: 'Ben', text: 'Er, so what do you and I do all day?', pauseSeconds: 2.8 },
  { speaker: 'Ada', text: 'We talk, Ben. That is the part that, hmm, does not scale.', pauseSeconds: 0.7 },
  { speaker: 'Ben', text: 'Then let us talk again next week. Goodbye, everybody!', pauseSeconds: 0.3 },
  { speaker: 'Ada', text: 'Goodbye!', pauseSeconds: 1.2 },
]
