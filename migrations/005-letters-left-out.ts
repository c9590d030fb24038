/** Adds what of a message is not in its letter: attached files, and what is over the length that is kept. */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE letters
      ADD COLUMN attachments integer NOT NULL DEFAULT 0 CHECK (attachments >= 0),
      ADD COLUMN is_cut      boolean NOT NULL DEFAULT false;
  `)
}
