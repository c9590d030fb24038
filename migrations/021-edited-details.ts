/**
 * What a producer has said of an episode since its run began (title, description), and when: it stands over what that run
 * was told, and goes into the feed without anything being made again.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE episodes ADD COLUMN edited jsonb, ADD COLUMN edited_at timestamptz')
}
