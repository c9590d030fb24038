/**
 * Adds runs of mailboxes of listener mail beside runs of episodes, the samples from which a run's speed is
 * told, and what a user may use.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE runs
      ALTER COLUMN episode_id DROP NOT NULL,
      ADD COLUMN mailbox text,
      -- the latest few of [seconds since 1970, processed]: how fast it went of late
      ADD COLUMN marks jsonb NOT NULL DEFAULT '[]',
      ADD CONSTRAINT one_target CHECK ((episode_id IS NULL) <> (mailbox IS NULL));
    CREATE UNIQUE INDEX one_live_run_per_mailbox ON runs (user_id, mailbox)
      WHERE status IN ('queued', 'started', 'awaiting_review');
    CREATE INDEX runs_by_user ON runs (user_id, created_at DESC, id);

    ALTER TABLE media_items DROP CONSTRAINT media_items_kind_check, ADD CONSTRAINT media_items_kind_check
      CHECK (kind IN ('recording', 'asset', 'sidecar', 'mailbox'));

    CREATE TABLE letters (
      id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      user_id      text NOT NULL REFERENCES users ON DELETE CASCADE,
      run_id       uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
      position     integer NOT NULL CHECK (position >= 0), -- in its mailbox
      outcome      text NOT NULL CHECK (outcome IN ('letter', 'duplicate', 'own', 'failed')),
      reason       text,
      message_id   text,
      content_hash text,
      sender       text,
      subject      text,
      body         text,
      sent_at      timestamptz,
      language     text,
      created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
      UNIQUE (run_id, position),
      CHECK ((outcome = 'failed') = (reason IS NOT NULL)),
      CHECK (outcome <> 'letter' OR (body IS NOT NULL AND content_hash IS NOT NULL))
    );
    CREATE UNIQUE INDEX one_letter_per_message ON letters (user_id, message_id)
      WHERE outcome = 'letter' AND message_id IS NOT NULL;
    CREATE UNIQUE INDEX one_letter_per_content ON letters (user_id, content_hash) WHERE outcome = 'letter';
    CREATE INDEX letters_by_user ON letters (user_id, created_at DESC, id DESC) WHERE outcome = 'letter';
    CREATE INDEX episodes_by_user ON episodes (user_id, created_at DESC, id DESC);

    CREATE TABLE usage_entries (
      user_id     text NOT NULL REFERENCES users ON DELETE CASCADE,
      kind        text NOT NULL,
      entry_key   text NOT NULL, -- what it is for: the same again is charged once
      run_id      uuid REFERENCES runs ON DELETE SET NULL,
      amount      double precision NOT NULL CHECK (amount >= 0),
      periods     text[] NOT NULL, -- the counters it stands in
      created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
      refunded_at timestamptz,
      PRIMARY KEY (user_id, kind, entry_key)
    );
    CREATE INDEX usage_by_run ON usage_entries (run_id) WHERE refunded_at IS NULL;

    CREATE TABLE usage_counters (
      user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
      kind    text NOT NULL,
      period  text NOT NULL, -- 2026-11, 2026-11-22 or 2026-11-22T10, in UTC
      used    double precision NOT NULL DEFAULT 0 CHECK (used >= 0),
      PRIMARY KEY (user_id, kind, period)
    );

    CREATE TABLE api_keys (
      id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      user_id    text NOT NULL REFERENCES users ON DELETE CASCADE,
      name       text NOT NULL,
      hash       text NOT NULL UNIQUE, -- the key itself is shown once and kept nowhere
      scopes     text[] NOT NULL,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      used_at    timestamptz,
      revoked_at timestamptz
    );

    CREATE TABLE api_callers (
      caller   text PRIMARY KEY, -- a key's id, or a user who came with a token
      minute   timestamptz NOT NULL,
      requests integer NOT NULL CHECK (requests > 0)
    );

    CREATE TABLE api_requests (
      user_id         text NOT NULL REFERENCES users ON DELETE CASCADE,
      idempotency_key text NOT NULL,
      request_hash    text NOT NULL,
      status          integer,
      body            jsonb,
      created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (user_id, idempotency_key)
    );
  `)
}
