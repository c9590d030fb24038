/** Adds the list of runs whose working files are being cleared away, and how far that is. */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE purges (
      run_id   uuid PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
      reason   text NOT NULL CHECK (reason IN ('superseded', 'settled')),
      -- announced: nothing is taken over from it; closed: nothing begins that would name its files; then it is cleared
      phase    text NOT NULL DEFAULT 'announced' CHECK (phase IN ('announced', 'closed', 'cleared')),
      moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX purges_under_way ON purges (moved_at) WHERE phase <> 'cleared';
    CREATE INDEX runs_by_end ON runs (finished_at) WHERE finished_at IS NOT NULL;
  `)
}
