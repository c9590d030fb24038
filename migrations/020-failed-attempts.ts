/**
 * An attempt to make an episode anew that fails changes nothing of the one that is there. What a producer says of it is
 * kept with the run that makes it (NULL in runs of before, whose episode has it), and that it is again what it was is no
 * news: neither that it was finished nor that it was published.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE runs ADD COLUMN about jsonb;

    CREATE OR REPLACE FUNCTION tell_that_episode_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE latest runs;
    BEGIN
      SELECT * INTO latest FROM runs WHERE episode_id = NEW.id ORDER BY created_at DESC LIMIT 1;
      IF OLD.status IN ('processing', 'awaiting_review') AND latest.status IN ('failed', 'cancelled') THEN
        RETURN NULL;
      END IF;
      PERFORM tell_of_episode(
        CASE
          WHEN NEW.status = 'processed' AND NEW.hold_reason = 'unpublished' THEN 'episode.unpublished'
          ELSE 'episode.' || NEW.status
        END,
        NEW.id,
        latest.id,
        '{}'
      );
      RETURN NULL;
    END $$;
  `)
}
