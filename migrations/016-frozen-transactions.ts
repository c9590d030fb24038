/**
 * Ends the session of a process that stands still within a transaction: frozen by its platform, it would hold the row of
 * its run, and nobody could go on. Said of the database, since a pooler lends its sessions. The product's own
 * transactions pause for milliseconds.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    DO $$
    BEGIN
      EXECUTE format(
        'ALTER DATABASE %I SET idle_in_transaction_session_timeout = %L', current_database(), '20s'
      );
    END
    $$
  `)
}
