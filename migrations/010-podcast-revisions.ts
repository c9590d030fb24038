/** Adds which revision of a podcast's settings there is, and which one its feed shows. */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE podcasts
      ADD COLUMN revision integer NOT NULL DEFAULT 1 CHECK (revision >= 1),
      ADD COLUMN feed_revision integer NOT NULL DEFAULT 0;
    UPDATE podcasts SET feed_revision = revision;
    CREATE INDEX podcasts_with_old_feeds ON podcasts (id) WHERE feed_revision < revision;
    CREATE INDEX podcasts_of_user ON podcasts (user_id, created_at DESC, id DESC);
  `)
}
