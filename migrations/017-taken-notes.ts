/**
 * Adds what its producer has taken of proposals: a title and a description as they were when the episode was made last, in
 * place of what is not given by hand.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE episodes ADD COLUMN taken jsonb')
}
