/**
 * Adds since when an episode has been taken back: an attempt to publish it that was at work then may still put a file before
 * listeners, so it is looked at once more. NULL when nothing can be left.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE episodes ADD COLUMN withdrawn_at timestamptz;
    UPDATE episodes
    SET withdrawn_at = clock_timestamp()
    WHERE first_published_at IS NOT NULL
      AND published IS NULL;
    CREATE INDEX episodes_taken_back ON episodes (withdrawn_at) WHERE withdrawn_at IS NOT NULL;
  `)
}
