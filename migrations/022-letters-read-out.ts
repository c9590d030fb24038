/**
 * Where a letter was read out, so that no other episode reads it again; and letters that their owner has deleted, of which
 * only stays by what a second copy of the message is known.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE letters
      ADD COLUMN read_in uuid REFERENCES episodes ON DELETE SET NULL,
      DROP CONSTRAINT letters_outcome_check,
      ADD CONSTRAINT letters_outcome_check
        CHECK (outcome IN ('letter', 'duplicate', 'own', 'failed', 'deleted')),
      ADD CONSTRAINT nothing_left_of_deleted_letters
        CHECK (outcome <> 'deleted' OR coalesce(sender, subject, body) IS NULL);
    DROP INDEX one_letter_per_message;
    DROP INDEX one_letter_per_content;
    CREATE UNIQUE INDEX one_letter_per_message ON letters (user_id, message_id)
      WHERE outcome IN ('letter', 'deleted') AND message_id IS NOT NULL;
    CREATE UNIQUE INDEX one_letter_per_content ON letters (user_id, content_hash)
      WHERE outcome IN ('letter', 'deleted');
    CREATE INDEX letters_by_episode ON letters (read_in) WHERE read_in IS NOT NULL;

    UPDATE letters l
    SET read_in = r.episode_id
    FROM runs r
    JOIN episodes e ON e.id = r.episode_id
    JOIN podcasts p ON p.id = e.podcast_id
    WHERE r.user_id = l.user_id
      AND r.status = 'finished'
      AND strpos(r.context->>'letters', l.id::text) > 0
      AND NOT starts_with(p.slug, 'trial.');
  `)
}
