/**
 * Adds how the voices of a show sound, where its producer wants them known again: a row for each named voice of an episode,
 * which goes with it. That a show no longer wants them forgets them all is a trigger's business: no statement that switches
 * it off can leave some behind.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE podcasts ADD COLUMN remembers_voices boolean NOT NULL DEFAULT false;

    CREATE TABLE voices (
      episode_id uuid NOT NULL REFERENCES episodes ON DELETE CASCADE,
      label      text NOT NULL, -- what the episode's words call the voice
      podcast_id uuid NOT NULL REFERENCES podcasts ON DELETE CASCADE,
      user_id    text NOT NULL REFERENCES users ON DELETE CASCADE,
      name       text NOT NULL,
      portrait   jsonb NOT NULL,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (episode_id, label)
    );
    CREATE INDEX voices_of_podcast ON voices (podcast_id, created_at DESC);
    CREATE INDEX voices_of_user ON voices (user_id);

    CREATE FUNCTION forget_voices() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM voices WHERE podcast_id = NEW.id;
      RETURN NULL;
    END $$;
    CREATE TRIGGER voices_are_forgotten AFTER UPDATE OF remembers_voices ON podcasts
      FOR EACH ROW WHEN (OLD.remembers_voices AND NOT NEW.remembers_voices)
      EXECUTE FUNCTION forget_voices();
  `)
}
