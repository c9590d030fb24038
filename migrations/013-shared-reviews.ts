/** Adds links by which guests hear an episode's review, and what guests say of it. */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE review_shares (
      id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      episode_id uuid NOT NULL REFERENCES episodes ON DELETE CASCADE,
      hash       text NOT NULL UNIQUE, -- of the link's secret
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      expires_at timestamptz NOT NULL,
      revoked_at timestamptz
    );
    CREATE INDEX review_shares_of_episode ON review_shares (episode_id, created_at DESC);

    CREATE TABLE review_comments (
      share_id   uuid NOT NULL REFERENCES review_shares ON DELETE CASCADE,
      id         uuid NOT NULL, -- the guest's own: sent twice, it is there once
      author     text NOT NULL CHECK (length(author) BETWEEN 1 AND 80),
      text       text NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
      edit       text, -- as the review names it; null where it is about a place
      at_seconds double precision NOT NULL CHECK (at_seconds >= 0),
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (share_id, id)
    );
  `)
}
