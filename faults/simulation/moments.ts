/** The points at which it matters who goes first: hides by which statements and effects they are known. */
import type { Effect, Passage } from '../../shared/boundaries.ts'

/** Where what somebody has read may be old by the time he acts by it, and about how many of each a delivery comes to. */
export const momentsOfDoubt: readonly (readonly [isMeant: (passage: Passage) => boolean, most: number])[] = [
  [({ side, effect }) => side === 'before' && effect !== 'database.read', 6],
  [({ side, effect }) => side === 'after' && effect === 'database.read', 8],
  [({ side, effect }) => side === 'after' && effect === 'database.commit', 3],
  [({ side, effect }) => side === 'before' && (effect === 'object.swap' || effect === 'object.copy'), 2],
  [({ side, about }) => side === 'after' && /AS guid, published,/.test(about), 1], // what is in a feed
]

/** What may take so long that all who come to it meet there. */
export const whatStalls = [
  'object.swap',
  'object.copy',
  'object.create',
  'object.remove',
  'task.create',
] as const

export const isBefore = (passage: Passage, effect: Effect): boolean =>
  passage.side === 'before' && passage.effect === effect

/** What it has seen of a step is old from here on. */
export const isReviving = ({ side, about }: Passage): boolean =>
  side === 'before' && /UPDATE steps/.test(about)

/** Which results or folders are to go was read, and not yet what lies there. */
export const isClearing = ({ side, about }: Passage): boolean =>
  side === 'after' && /DISTINCT s\.input_key|"inputKey"\s+FROM deletion_folders/.test(about)
