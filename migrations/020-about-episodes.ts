/**
 * Adds what a producer says of an episode to the run that makes it, so that an attempt that fails changes nothing of the
 * episode that is there. NULL in runs of before, whose episode has it.
 */
import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE runs ADD COLUMN about jsonb')
}
