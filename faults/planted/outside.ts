/** Bugs in the guards of the database, and in what the simulation has a stand-in for. */
import type { PlantedBug } from './bug.ts'

const first = 'migrations/001-first-light.ts'
const words = 'migrations/002-words.ts'
const peopleTrust = 'migrations/004-runs-people-trust.ts'
const lettersReadOut = 'migrations/022-letters-read-out.ts'
const webhooks = 'migrations/011-webhooks.ts'
const storage = 'shared/storage-writes.ts'
const tasks = 'shared/engine/tasks.ts'

export const guardBugs: readonly PlantedBug[] = [
  {
    name: 'no trigger keeps a run that has ended as it is',
    file: first,
    find: "WHEN (OLD.status IN ('finished', 'cancelled', 'failed'))",
    replace: 'WHEN (false)',
    caughtBy: 'guards',
  },
  {
    name: 'no trigger keeps a finished step as it is',
    file: first,
    find: "        OLD.status = 'done'\n        AND (NEW.status",
    replace: '        false\n        AND (NEW.status',
    caughtBy: 'guards',
  },
  {
    name: 'an episode may have two live runs',
    file: first,
    find: 'CREATE UNIQUE INDEX one_live_run_per_episode ON runs (episode_id)',
    replace: 'CREATE INDEX one_live_run_per_episode ON runs (episode_id)',
    caughtBy: 'guards',
  },
  {
    name: 'a mailbox may have two live runs',
    file: peopleTrust,
    find: 'CREATE UNIQUE INDEX one_live_run_per_mailbox',
    replace: 'CREATE INDEX one_live_run_per_mailbox',
    caughtBy: 'guards',
  },
  {
    name: 'a step may run without a lease',
    file: first,
    find: "      CHECK ((status = 'running') = (lease_until IS NOT NULL)),\n",
    replace: '',
    caughtBy: 'guards',
  },
  {
    name: 'more may be done than there is to do',
    file: first,
    find: '      CHECK (0 <= processed AND processed <= total),\n',
    replace: '',
    caughtBy: 'guards',
  },
  {
    name: 'a run may be finished with work left',
    file: first,
    find: "      CHECK (status <> 'finished' OR processed = total)\n    );",
    replace: "      CHECK (status <> 'finished' OR processed <= total)\n    );",
    caughtBy: 'guards',
  },
  {
    name: 'a run may fail without a reason',
    file: first,
    find: "      CHECK ((status IN ('cancelled', 'failed')) = (stop_reason IS NOT NULL)),\n",
    replace: '',
    caughtBy: 'guards',
  },
  {
    name: 'an episode may be published as nothing',
    file: first,
    find: "      CHECK (status <> 'published' OR published IS NOT NULL)\n    );",
    replace: '      CHECK (true)\n    );',
    caughtBy: 'guards',
  },
  {
    name: 'the same may be bought twice',
    file: words,
    find: '    CREATE UNIQUE INDEX one_paid_call_per_key ON paid_calls (user_id, provider, call_key)',
    replace: '    CREATE INDEX one_paid_call_per_key ON paid_calls (user_id, provider, call_key)',
    caughtBy: 'guards',
  },
  {
    name: 'a message may be kept twice',
    file: lettersReadOut,
    find: 'CREATE UNIQUE INDEX one_letter_per_message',
    replace: 'CREATE INDEX one_letter_per_message',
    caughtBy: 'guards',
  },
  {
    name: 'a text may be kept twice',
    file: lettersReadOut,
    find: 'CREATE UNIQUE INDEX one_letter_per_content',
    replace: 'CREATE INDEX one_letter_per_content',
    caughtBy: 'guards',
  },
  {
    name: 'nobody is told that an episode has moved',
    file: webhooks,
    find: 'NEW.status IS DISTINCT FROM OLD.status\n',
    replace: 'NEW.status IS DISTINCT FROM NEW.status\n',
    caughtBy: 'publishing',
  },
  {
    name: 'nobody is told that a run has failed',
    file: 'migrations/019-withdrawals.ts', // which made the trigger anew
    find: "        AND OLD.status <> 'failed'\n",
    replace: "        AND OLD.status = 'failed'\n",
    caughtBy: 'failing',
  },
]

export const matrixBugs: readonly PlantedBug[] = [
  {
    name: 'objects are overwritten instead of created',
    file: storage,
    find: 'const write = { contentType, metadata, preconditionOpts: { ifGenerationMatch: 0 } }',
    replace: 'const write = { contentType, metadata }',
    caughtBy: { matrix: 'episode' },
  },
  {
    name: 'a feed is written whatever was written meanwhile',
    file: storage,
    find: 'target.save(data, { contentType, metadata, resumable: false, preconditionOpts })',
    replace: 'target.save(data, { contentType, metadata, resumable: false, preconditionOpts: {} })',
    caughtBy: { matrix: 'publication' },
  },
  {
    name: 'a copy replaces what stands there already',
    file: storage,
    find: '    const options = { ...metadata, preconditionOpts: { ifGenerationMatch: 0 } }',
    replace: '    const options = { ...metadata, preconditionOpts: {} }',
    caughtBy: { matrix: 'episode' },
  },
  {
    name: 'an object that is there already is an error',
    file: 'shared/storage-objects.ts',
    find: "      if (codeOf(error) === '412') return false",
    replace: "      if (codeOf(error) === '499') return false",
    caughtBy: { matrix: 'episode' },
  },
  {
    name: 'a task has another name each time',
    file: tasks,
    find: '  return hashed(`${runId}/${step}/${part}/${turn}`)',
    replace: '  return hashed(`${runId}/${step}/${part}/${turn}/${Math.random()}`)',
    caughtBy: { matrix: 'episode' },
  },
  {
    name: 'a task that is there already is an error',
    file: tasks,
    find: 'if (codeOf(error) !== alreadyExists) throw error',
    replace: 'throw error',
    caughtBy: { matrix: 'episode' },
  },
  {
    name: 'the queue is told that all is well before it is',
    file: 'shared/engine/serve.ts',
    find: 'void response.status(status).json({ outcome }))',
    replace: 'void response.status(200).json({ outcome }))',
    caughtBy: { matrix: 'episode' },
  },
]
