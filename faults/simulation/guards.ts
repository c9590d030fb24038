/**
 * The database's own guards, asked directly: what no statement may do, whoever sends it. No process of the product tries,
 * so that one that is missing is seen by nobody else.
 */
import type { SimulatedDatabase } from './database.ts'

const run = `'00000000-0000-0000-0000-00000000000a'`
const ended = `'00000000-0000-0000-0000-00000000000b'`
const episode = `'00000000-0000-0000-0000-00000000000c'`
const show = `'00000000-0000-0000-0000-00000000000d'`

const rowsToTry = `
  INSERT INTO users (id) VALUES ('guarded');
  INSERT INTO podcasts (id, user_id, slug) VALUES (${show}, 'guarded', 'show');
  INSERT INTO episodes (id, user_id, podcast_id, slug, title, guid) VALUES (${episode}, 'guarded', ${show}, 'one', 'One', 'guid');
  INSERT INTO runs (id, user_id, episode_id, status, stop_reason, finished_at)
    VALUES (${ended}, 'guarded', ${episode}, 'cancelled', 'user_cancelled', now());
  INSERT INTO runs (id, user_id, episode_id, status, total) VALUES (${run}, 'guarded', ${episode}, 'started', 10);
  INSERT INTO runs (user_id, mailbox, status) VALUES ('guarded', 'box', 'started');
  INSERT INTO steps (run_id, step, part, status, context, output) VALUES (${run}, 'made', 0, 'done', '{}', '{}');
  INSERT INTO steps (run_id, step, part, context) VALUES (${run}, 'waits', 0, '{}');
  INSERT INTO paid_calls (user_id, provider, call_key, run_id, step, part) VALUES ('guarded', 'p', 'k', ${run}, 'made', 0);
  INSERT INTO letters (user_id, run_id, position, outcome, message_id, body, content_hash)
    VALUES ('guarded', ${run}, 0, 'letter', 'm', 'text', 'h');`

/** Each with what it would break. */
const forbidden: readonly (readonly [breaks: string, statement: string])[] = [
  ['a run that has ended changes', `UPDATE runs SET warnings = '[1]' WHERE id = ${ended}`],
  ['a finished step has another output', `UPDATE steps SET output = '{"a":1}' WHERE step = 'made'`],
  ['an episode has two live runs', `INSERT INTO runs (user_id, episode_id) VALUES ('guarded', ${episode})`],
  ['a mailbox has two live runs', `INSERT INTO runs (user_id, mailbox) VALUES ('guarded', 'box')`],
  ['a run is of nothing', `INSERT INTO runs (user_id) VALUES ('guarded')`],
  ['more is done than there is to do', `UPDATE runs SET processed = 11 WHERE id = ${run}`],
  [
    'a run is finished and has work left',
    `UPDATE runs SET status = 'finished', finished_at = now() WHERE id = ${run}`,
  ],
  [
    'a run fails without a reason',
    `UPDATE runs SET status = 'failed', finished_at = now() WHERE id = ${run}`,
  ],
  ['a run ends at no time', `UPDATE runs SET status = 'failed', stop_reason = 'x' WHERE id = ${run}`],
  [
    'a step is there twice',
    `INSERT INTO steps (run_id, step, part, context) VALUES (${run}, 'waits', 0, '{}')`,
  ],
  ['a step runs without a lease', `UPDATE steps SET status = 'running' WHERE step = 'waits'`],
  ['a step is done without an output', `UPDATE steps SET status = 'done' WHERE step = 'waits'`],
  ['a step is done more than whole', `UPDATE steps SET progress = 2 WHERE step = 'waits'`],
  [
    'an episode is published and nobody knows as what',
    `UPDATE episodes SET status = 'published', content_hash = 'h', duration_seconds = 1, audio_bytes = 1 WHERE id = ${episode}`,
  ],
  ['an episode is published at no time', `UPDATE episodes SET published = '{}' WHERE id = ${episode}`],
  ['an episode without audio is processed', `UPDATE episodes SET status = 'processed' WHERE id = ${episode}`],
  [
    'an episode is scheduled for no time',
    `UPDATE episodes SET status = 'scheduled', content_hash = 'h', duration_seconds = 1, audio_bytes = 1 WHERE id = ${episode}`,
  ],
  [
    'two episodes have one guid',
    `INSERT INTO episodes (user_id, podcast_id, slug, title, guid) VALUES ('guarded', ${show}, 'two', 'Two', 'guid')`,
  ],
  [
    'the same is bought twice',
    `INSERT INTO paid_calls (user_id, provider, call_key, run_id, step, part) VALUES ('guarded', 'p', 'k', ${run}, 'made', 1)`,
  ],
  ['a vendor is waited for by no name', `UPDATE paid_calls SET status = 'waiting'`],
  [
    'a letter is kept twice',
    `INSERT INTO letters (user_id, run_id, position, outcome, message_id, body, content_hash)
     VALUES ('guarded', ${run}, 1, 'letter', 'm', 'text', 'other')`,
  ],
  [
    'the same text is kept twice',
    `INSERT INTO letters (user_id, run_id, position, outcome, message_id, body, content_hash)
     VALUES ('guarded', ${run}, 1, 'letter', 'other', 'text', 'h')`,
  ],
  [
    'less than nothing is used',
    `INSERT INTO usage_counters (user_id, kind, period, used) VALUES ('guarded', 'runs', 'p', -1)`,
  ],
]

/** What the database lets happen, a line each. */
export async function missingGuards({ rows }: Pick<SimulatedDatabase, 'rows'>): Promise<string[]> {
  const missing: string[] = []
  await rows('BEGIN')
  try {
    await rows(rowsToTry)
    for (const [breaks, statement] of forbidden) {
      await rows('SAVEPOINT tried')
      const isRefused = await rows(statement).then(
        () => false,
        () => true,
      )
      await rows('ROLLBACK TO SAVEPOINT tried')
      if (!isRefused) missing.push(`The database lets it happen that ${breaks}.`)
    }
  } finally {
    await rows('ROLLBACK')
  }
  return missing
}
