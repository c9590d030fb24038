/** Adds who is signed in to the console, and the ways there: links for one use, and sign-ins elsewhere under way. */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE sign_ins (
      hash       text PRIMARY KEY, -- of a link's secret, or of the state of a sign-in elsewhere
      user_id    text REFERENCES users ON DELETE CASCADE,
      elsewhere  jsonb, -- what a sign-in elsewhere must be finished with
      expires_at timestamptz NOT NULL,
      CHECK ((user_id IS NULL) <> (elsewhere IS NULL))
    );
    CREATE TABLE sessions (
      hash       text PRIMARY KEY, -- of the cookie
      user_id    text NOT NULL REFERENCES users ON DELETE CASCADE,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      expires_at timestamptz NOT NULL
    );
    CREATE INDEX sessions_of_user ON sessions (user_id);
  `)
}
