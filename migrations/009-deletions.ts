/**
 * Adds deletions: what a user has asked to be deleted, and the folders of objects that are still to be emptied. It names
 * users and episodes without referring to them, since it outlives them. Adds indexes by which the rows below an episode
 * or a run are found.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE deletions (
      id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      user_id    text NOT NULL,
      episode_id uuid, -- null: everything of the user
      podcast_id uuid, -- whose feed is to be written again
      asked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
      settles_at timestamptz NOT NULL, -- what was at work then has ended
      looked_at  timestamptz, -- when objects were last deleted
      rows       integer NOT NULL DEFAULT 0 CHECK (rows >= 0),
      objects    integer NOT NULL DEFAULT 0 CHECK (objects >= 0),
      bytes      bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
      done_at    timestamptz
    );
    CREATE INDEX deletions_under_way ON deletions (asked_at) WHERE done_at IS NULL;
    CREATE INDEX deletions_by_user ON deletions (user_id);

    CREATE TABLE deletion_folders (
      deletion_id uuid NOT NULL REFERENCES deletions ON DELETE CASCADE,
      bucket      text NOT NULL CHECK (bucket IN ('uploads', 'work', 'episodes', 'public')),
      prefix      text NOT NULL CHECK (prefix ~ '^[uwep]/[^/]+/'),
      input_key   text, -- of the result whose folder it is: another run may need it too
      PRIMARY KEY (deletion_id, bucket, prefix)
    );
    CREATE INDEX deletion_folders_by_key ON deletion_folders (input_key) WHERE input_key IS NOT NULL;

    CREATE INDEX runs_of_lost_results ON runs (finished_at) WHERE stop_reason = 'result_lost';
    CREATE INDEX runs_by_episode ON runs (episode_id, created_at DESC);
    CREATE INDEX steps_by_key ON steps (input_key) WHERE input_key IS NOT NULL;
    CREATE INDEX paid_calls_by_run ON paid_calls (run_id);
    CREATE INDEX usage_entries_by_run ON usage_entries (run_id);
    CREATE INDEX media_items_by_user ON media_items (user_id);
  `)
}
