/** Adds which uploads are known to belong to an episode, so that only the others are looked at again. */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE media_items ADD COLUMN belongs boolean NOT NULL DEFAULT false;
    CREATE INDEX media_items_in_doubt ON media_items (created_at)
      WHERE NOT belongs AND kind IN ('recording', 'sidecar');
  `)
}
