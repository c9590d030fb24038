/**
 * Adds tables for encrypted keys of speech providers, for calls that cost money (written before they are
 * made), and for a producer's decisions about edits.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE provider_keys (
      user_id    text NOT NULL REFERENCES users ON DELETE CASCADE,
      provider   text NOT NULL,
      sealed     text NOT NULL CHECK (sealed LIKE 'v1.%'),
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (user_id, provider)
    );

    CREATE TABLE paid_calls (
      id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      user_id    text NOT NULL REFERENCES users ON DELETE CASCADE,
      provider   text NOT NULL,
      call_key   text NOT NULL, -- what is paid for: the input key of the step that asks
      run_id     uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
      step       text NOT NULL,
      part       integer NOT NULL,
      status     text NOT NULL DEFAULT 'intended' CHECK (status IN
                   ('intended', 'sent', 'unclear', 'waiting', 'done', 'failed')),
      sends      integer NOT NULL DEFAULT 0 CHECK (sends >= 0),
      sent_at    timestamptz,
      reference  text, -- the vendor's name for it
      error      text,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      CHECK (status <> 'waiting' OR reference IS NOT NULL)
    );
    CREATE UNIQUE INDEX one_paid_call_per_key ON paid_calls (user_id, provider, call_key)
      WHERE status <> 'failed';

    CREATE TABLE edit_decisions (
      id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      episode_id     uuid NOT NULL REFERENCES episodes ON DELETE CASCADE,
      recording_hash text NOT NULL, -- decisions are about one recording; another one starts afresh
      revision       integer NOT NULL CHECK (revision > 0),
      decision       jsonb NOT NULL,
      created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX edit_decisions_by_episode ON edit_decisions (episode_id, recording_hash, revision, id);
  `)
}
