/**
 * Adds since when an episode has been taken back: an attempt to publish it that was at work then may still put a file before
 * listeners, so it is looked at once more. NULL when nothing can be left. A run that looks is told to nobody.
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

    DROP TRIGGER failed_run_is_told ON runs;
    CREATE TRIGGER failed_run_is_told AFTER UPDATE OF status ON runs
      FOR EACH ROW WHEN (
        NEW.status = 'failed'
        AND OLD.status <> 'failed'
        AND NEW.context->>'publication' IS DISTINCT FROM 'clear'
      )
      EXECUTE FUNCTION tell_that_run_failed();
  `)
}
