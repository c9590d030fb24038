/** Adds when an episode is to be published, when it first was, and why it is not. */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE episodes
      ADD COLUMN publish_at timestamptz,
      ADD COLUMN first_published_at timestamptz,
      ADD COLUMN hold_reason text,
      ADD CONSTRAINT scheduled_for_a_time CHECK (status <> 'scheduled' OR publish_at IS NOT NULL);
    UPDATE episodes SET first_published_at = published_at WHERE published_at IS NOT NULL;
    CREATE INDEX episodes_due ON episodes (publish_at) WHERE status = 'scheduled';
  `)
}
