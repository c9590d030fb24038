/** Bugs in how a step’s row is claimed, held, given another turn and revived. */
import type { PlantedBug } from './bug.ts'

const claims = 'shared/db/claims.ts'
const attempts = 'shared/db/step-attempts.ts'
const steps = 'shared/db/steps.ts'
const overdue = 'shared/db/overdue-steps.ts'
const sweep = 'functions/sweep.ts'

export const claimBugs: readonly PlantedBug[] = [
  {
    name: 'a heartbeat extends nothing',
    file: attempts,
    find: '     SET lease_until = ${newLease},\n         progress = greatest(progress, :progress)',
    replace:
      "     SET lease_until = greatest(lease_until, ${newLease} - interval '9 years'),\n         progress = greatest(progress, :progress)",
    caughtBy: 'making',
  },
  {
    name: 'there is no fence: any attempt changes a step that is claimed',
    file: attempts,
    find: "const isHeld = `${isAddressed} AND attempt = :attempt AND status = 'running'`",
    replace: "const isHeld = `${isAddressed} AND :attempt = :attempt AND status = 'running'`",
    caughtBy: 'making',
  },
  {
    name: 'an attempt changes a step that nobody holds any more',
    file: attempts,
    find: "const isHeld = `${isAddressed} AND attempt = :attempt AND status = 'running'`",
    replace: 'const isHeld = `${isAddressed} AND attempt = :attempt`',
    caughtBy: 'making',
  },
  {
    name: 'a task of an old turn claims its step',
    file: claims,
    find: '         AND turn = :turn\n         AND NOT ${isUsedUp}',
    replace: '         AND (turn = :turn OR true)\n         AND NOT ${isUsedUp}',
    caughtBy: 'waiting',
  },
  {
    name: 'a step is tried for ever',
    file: claims,
    find: '         AND NOT ${isUsedUp}\n',
    replace: '         AND (true OR ${isUsedUp})\n',
    caughtBy: 'dying',
  },
  {
    name: 'a few lost connections within minutes use a step up',
    file: claims,
    find: '  AND coalesce(started_at <= clock_timestamp() -',
    replace: "  AND coalesce(started_at <= clock_timestamp() + interval '9 years' -",
    caughtBy: 'dying',
  },
  {
    name: 'a claim takes no notice of another one’s lease',
    file: claims,
    find: "(status = 'pending' OR (status = 'running' AND lease_until < clock_timestamp()))",
    replace: "status IN ('pending', 'running')",
    caughtBy: 'making',
  },
  {
    name: 'a lease never ends',
    file: claims,
    find: "(status = 'running' AND lease_until < clock_timestamp())",
    replace: "(status = 'running' AND lease_until < clock_timestamp() - interval '9 years')",
    caughtBy: 'making',
  },
  {
    name: 'a claim takes no number',
    file: claims,
    find: '           attempt = attempt + 1,\n',
    replace: '',
    caughtBy: 'making',
  },
  {
    name: 'being put off counts as an attempt',
    file: attempts,
    find: '         attempt = attempt - 1,\n         turn',
    replace: '         turn',
    caughtBy: 'waiting',
  },
  {
    name: 'a step that is put off keeps its turn',
    file: attempts,
    find: '         turn = turn + 1,\n',
    replace: '',
    caughtBy: 'waiting',
  },
  {
    name: 'any attempt fails a step that another one holds',
    file: attempts,
    find: '       AND attempt = coalesce(CAST(:attempt AS integer), attempt)',
    replace: '       AND CAST(:attempt AS integer) IS NOT DISTINCT FROM :attempt',
    caughtBy: 'refusing',
  },
  {
    name: 'any attempt gives a step back that another one holds',
    file: attempts,
    find: '         due_at = clock_timestamp()\n     WHERE ${isHeld}`,\n    { ...claimOf(claim), error },',
    replace:
      '         due_at = clock_timestamp()\n     WHERE ${isAddressed}`,\n    { ...addressOf(claim), error },',
    caughtBy: 'making',
  },
  {
    name: 'a step writes under a key whose files are being deleted',
    file: attempts,
    find: '         AND NOT EXISTS (${goingFilesOfKey})\n',
    replace: '',
    caughtBy: 'clearing',
  },
  {
    name: 'a step is claimed in a run that is not at work',
    file: steps,
    find: "export const itsRunIsStarted = `EXISTS (SELECT 1 FROM runs WHERE id = :runId AND status = 'started')`",
    replace: 'export const itsRunIsStarted = `EXISTS (SELECT 1 FROM runs WHERE id = :runId)`',
    caughtBy: 'making',
  },
  {
    name: 'what was decided does not reach the step that waited for it',
    file: steps,
    find: '         context = context || CAST(:context AS jsonb)',
    replace: '         context = CAST(:context AS jsonb) || context',
    caughtBy: 'reviewing',
  },
  {
    name: 'one user is given what another one’s step made',
    file: steps,
    find: '    AND r.user_id = :userId\n    AND NOT EXISTS (SELECT 1 FROM purges',
    replace: '    AND (r.user_id = :userId OR true)\n    AND NOT EXISTS (SELECT 1 FROM purges',
    caughtBy: 'buying',
  },
  {
    name: 'a step that was deleted works all the same',
    file: attempts,
    find: '  if (isNoted) return output ?? undefined\n  if (',
    replace:
      '  if (isNoted || !(await rows(db, goingFilesOfKey, { inputKey })).length) return output ?? undefined\n  if (',
    caughtBy: 'deleting',
  },
  {
    name: 'a sweep takes a step from an attempt that is at work',
    file: overdue,
    find: '         AND turn = :turn\n         AND ${isOverdue}\n',
    replace: '         AND turn = :turn\n         AND :overdueMs > 0\n',
    caughtBy: 'making',
  },
  {
    name: 'a sweep revives a step under the turn it had',
    file: overdue,
    find: '         turn = turn + 1,\n',
    replace: '',
    caughtBy: 'making',
  },
  {
    name: 'a sweep revives steps of which it creates no task',
    file: sweep,
    find: '  await enqueue(services, [again])\n',
    replace: '  void enqueue\n',
    caughtBy: 'making',
  },
  {
    name: 'a sweep writes no feed again',
    file: sweep,
    find: '  if (due.feeds) await rewriteFeeds(services, batch)\n',
    replace: '  void rewriteFeeds\n',
    caughtBy: 'publishing',
  },
]
