/**
 * Adds what the feed says of an episode besides its audio: its chapters, and its season and number. Nullable:
 * earlier rows have none.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE episodes
      ADD COLUMN chapters       text, -- JSON, as players list them
      ADD COLUMN episode_number bigint CHECK (episode_number > 0),
      ADD COLUMN season_number  bigint CHECK (season_number > 0);
  `)
}
