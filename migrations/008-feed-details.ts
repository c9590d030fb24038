/**
 * Adds what an episode says of itself in the feed, and episodes that came from a feed elsewhere: they have a guid of
 * their own, and what was made of them lies where it was.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE episodes
      ADD COLUMN details jsonb, -- people, soundbites, licence and so on, as its producer gave them
      ADD COLUMN has_synthetic_voice boolean NOT NULL DEFAULT false,
      ADD COLUMN guid text CHECK (length(guid) BETWEEN 1 AND 1000), -- the feed's, when it is not the id
      ADD COLUMN imported jsonb; -- what the feed shows while nothing of it was made here
    CREATE UNIQUE INDEX one_episode_per_guid ON episodes (podcast_id, guid) WHERE guid IS NOT NULL;

    DO $$
    DECLARE name text;
    BEGIN
      SELECT conname INTO STRICT name
      FROM pg_constraint
      WHERE conrelid = 'episodes'::regclass
        AND contype = 'c'
        AND pg_get_constraintdef(oid) LIKE '%content_hash IS NOT NULL%';
      EXECUTE format('ALTER TABLE episodes DROP CONSTRAINT %I', name);
    END $$;
    ALTER TABLE episodes
      ADD CONSTRAINT has_audio CHECK (
        status NOT IN ('processed', 'scheduled', 'publishing', 'published')
        OR (content_hash IS NOT NULL AND duration_seconds IS NOT NULL AND audio_bytes IS NOT NULL)
        OR imported IS NOT NULL
      );
  `)
}
