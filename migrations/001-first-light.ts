/**
 * The first schema: users, podcasts and episodes, one row per run, one row per part of a step. Its
 * constraints guard the rules in the database, so that no code path can break them.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE users (
      id         text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{1,64}$'),
      created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );

    CREATE TABLE podcasts (
      id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      user_id    text NOT NULL REFERENCES users ON DELETE CASCADE,
      slug       text NOT NULL,
      settings   jsonb NOT NULL DEFAULT '{}',
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      UNIQUE (user_id, slug)
    );

    CREATE TABLE media_items (
      id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      user_id      text NOT NULL REFERENCES users ON DELETE CASCADE,
      kind         text NOT NULL CHECK (kind IN ('recording', 'asset', 'sidecar')),
      bucket       text NOT NULL,
      object       text NOT NULL,
      generation   text NOT NULL,
      content_hash text NOT NULL,
      bytes        bigint NOT NULL CHECK (bytes >= 0),
      created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
      UNIQUE (bucket, object, generation)
    );

    CREATE TABLE episodes (
      id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      user_id          text NOT NULL REFERENCES users ON DELETE CASCADE,
      podcast_id       uuid NOT NULL REFERENCES podcasts ON DELETE CASCADE,
      slug             text NOT NULL,
      title            text NOT NULL,
      description      text NOT NULL DEFAULT '',
      status           text NOT NULL DEFAULT 'pending' CHECK (status IN
                         ('pending', 'processing', 'awaiting_review', 'processed', 'scheduled',
                          'publishing', 'published', 'failed', 'cancelled')),
      content_hash     text,
      duration_seconds double precision CHECK (duration_seconds > 0),
      audio_bytes      bigint CHECK (audio_bytes > 0),
      has_transcript   boolean NOT NULL DEFAULT false,
      cover_file       text,
      published        jsonb, -- what the feed shows, whatever a later run does to the columns above
      published_at     timestamptz,
      created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
      UNIQUE (podcast_id, slug),
      CHECK (status NOT IN ('processed', 'scheduled', 'publishing', 'published')
             OR (content_hash IS NOT NULL AND duration_seconds IS NOT NULL AND audio_bytes IS NOT NULL)),
      CHECK ((published IS NULL) = (published_at IS NULL)),
      CHECK (status <> 'published' OR published IS NOT NULL)
    );

    CREATE TABLE runs (
      id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      user_id       text NOT NULL REFERENCES users ON DELETE CASCADE,
      episode_id    uuid NOT NULL REFERENCES episodes ON DELETE CASCADE,
      status        text NOT NULL DEFAULT 'queued' CHECK (status IN
                      ('queued', 'started', 'awaiting_review', 'finished', 'cancelled', 'failed')),
      stop_reason   text,
      error_message text,
      processed     integer NOT NULL DEFAULT 0,
      total         integer NOT NULL DEFAULT 0,
      committed     boolean NOT NULL DEFAULT false,
      settings      jsonb NOT NULL DEFAULT '{}',
      context       jsonb NOT NULL DEFAULT '{}',
      warnings      jsonb NOT NULL DEFAULT '[]',
      created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
      started_at    timestamptz,
      finished_at   timestamptz,
      heartbeat_at  timestamptz,
      CHECK (0 <= processed AND processed <= total),
      CHECK ((status IN ('cancelled', 'failed')) = (stop_reason IS NOT NULL)),
      CHECK ((status IN ('finished', 'cancelled', 'failed')) = (finished_at IS NOT NULL)),
      CHECK (status <> 'finished' OR processed = total)
    );
    CREATE UNIQUE INDEX one_live_run_per_episode ON runs (episode_id)
      WHERE status IN ('queued', 'started', 'awaiting_review');

    CREATE FUNCTION refuse_change_of_terminal_run() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'run % is %; a terminal run never changes', OLD.id, OLD.status
        USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER terminal_run_is_immutable BEFORE UPDATE ON runs
      FOR EACH ROW WHEN (OLD.status IN ('finished', 'cancelled', 'failed'))
      EXECUTE FUNCTION refuse_change_of_terminal_run();

    CREATE TABLE steps (
      run_id      uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
      step        text NOT NULL,
      part        integer NOT NULL CHECK (part >= 0),
      status      text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'done', 'failed')),
      turn        integer NOT NULL DEFAULT 0 CHECK (turn >= 0),
      attempt     integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
      lease_until timestamptz,
      due_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
      context     jsonb NOT NULL,
      progress    real NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
      input_key   text,
      reused      boolean NOT NULL DEFAULT false,
      output      jsonb,
      error       text,
      started_at  timestamptz,
      finished_at timestamptz,
      PRIMARY KEY (run_id, step, part),
      CHECK ((status = 'running') = (lease_until IS NOT NULL)),
      CHECK ((status = 'done') = (output IS NOT NULL))
    );
    CREATE INDEX steps_to_revive ON steps (coalesce(lease_until, due_at))
      WHERE status IN ('pending', 'running');
    CREATE INDEX steps_by_input ON steps (step, input_key) WHERE status = 'done';

    CREATE FUNCTION refuse_change_of_done_step() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'step %/%/% is done; a finished step keeps its output', OLD.run_id, OLD.step, OLD.part
        USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER done_step_is_immutable BEFORE UPDATE ON steps
      FOR EACH ROW WHEN (
        OLD.status = 'done'
        AND (NEW.status, NEW.attempt, NEW.output) IS DISTINCT FROM (OLD.status, OLD.attempt, OLD.output)
      )
      EXECUTE FUNCTION refuse_change_of_done_step();
  `)
}
