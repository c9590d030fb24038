/** Bugs in how runs begin, change and end, and in what is charged, bought and decided. */
import type { PlantedBug } from './bug.ts'

const runs = 'shared/db/runs.ts'
const changes = 'shared/db/run-changes.ts'
const usage = 'shared/db/usage.ts'
const paid = 'shared/db/paid-calls.ts'
const decisions = 'shared/db/edit-decisions.ts'
const upload = 'functions/on-upload.ts'
const begin = 'shared/episode/run.ts'

export const runBugs: readonly PlantedBug[] = [
  {
    name: 'progress goes back',
    file: changes,
    find: 'SET processed = greatest(processed, ${reported}),',
    replace: 'SET processed = ${reported},',
    caughtBy: 'publishing',
  },
  {
    name: 'what was decided wakes no run that waits',
    file: 'shared/review/review.ts',
    find: "  if (run.status === 'awaiting_review' && (await resumeRun(trx, run.id, taken)))",
    replace: "  if (run.status === 'awaiting_review' && resumeRun)",
    caughtBy: 'reviewing',
  },
  {
    name: 'a run that goes on is not told what was decided',
    file: changes,
    find: '  await updateRunProgress(trx, runId, { context })\n  return true',
    replace: '  void context\n  return true',
    caughtBy: 'reviewing',
  },
  {
    name: 'a run is cancelled behind its point of no return',
    file: changes,
    find: "         AND (NOT committed OR :status = 'failed')\n",
    replace: '',
    caughtBy: 'publishing',
  },
  {
    name: 'a run that has ended ends again',
    file: changes,
    find: '         AND ${isLive}\n         AND (NOT committed',
    replace: '         AND (NOT committed',
    caughtBy: 'making',
  },
  {
    name: 'a run that failed keeps what it was charged',
    file: changes,
    find: '  if (failed) await refundRun(trx, runId)\n',
    replace: '  void refundRun\n',
    caughtBy: 'failing',
  },
  {
    name: 'what is in the feed is called cancelled',
    file: changes,
    find: '    WHEN NOT (${isThere}) THEN :status\n    WHEN ${isCurrent}',
    replace: '    WHEN true THEN :status\n    WHEN ${isCurrent}',
    caughtBy: 'publishing',
  },
  {
    name: 'a version that is not in the feed is called published',
    file: changes,
    find: "    WHEN ${isCurrent} THEN 'published'",
    replace: "    WHEN published IS NOT NULL AND (${isCurrent}) IS NOT NULL THEN 'published'",
    caughtBy: 'publishing',
  },
  {
    name: 'the same is charged each time',
    file: usage,
    find: '       WHERE usage_entries.refunded_at IS NOT NULL\n',
    replace: '',
    caughtBy: 'deleting',
  },
  {
    name: 'a counter forgets what was used before',
    file: usage,
    find: '         SET used = c.used + excluded.used',
    replace: '         SET used = excluded.used',
    caughtBy: 'making',
  },
  {
    name: 'what is given back stays counted',
    file: usage,
    find: '     SET used = greatest(0, c.used - back.amount)',
    replace: '     SET used = greatest(0, c.used - 0 * back.amount)',
    caughtBy: 'failing',
  },
  {
    name: 'the start of a run is not counted',
    file: begin,
    find: "    await charge(trx, config, { userId, kind: 'runs', key: runId, amount: 1, runId })\n    return undefined",
    replace: '    await Promise.resolve([trx, config, userId, runId])\n    return undefined',
    caughtBy: 'making',
  },
  {
    name: 'two attempts send the same call',
    file: paid,
    find: '       AND status = :status\n       AND sends = :sends',
    replace: '       AND (status = :status OR sends >= :sends)',
    caughtBy: 'buying',
  },
  {
    name: 'an attempt that is sending is not left alone',
    file: 'shared/providers/paid-call.ts',
    find: '      if (Date.now() - call.sentAt!.getTime() < sendingMs)',
    replace: '      if (Date.now() - call.sentAt!.getTime() < 0 * sendingMs)',
    caughtBy: 'buying',
  },
  {
    name: 'nobody is told that a call may have been paid for twice',
    file: 'shared/providers/paid-call.ts',
    find: '  if (sends > 1) {',
    replace: '  if (sends > 9) {',
    caughtBy: 'buying',
  },
  {
    name: 'a vendor is not asked what it has accepted',
    file: 'shared/providers/paid-call.ts',
    find: '  const reference = find && (await free(tools, call, find))',
    replace: '  const reference = find && (await free(tools, call, () => Promise.resolve(undefined)))',
    caughtBy: 'buying',
  },
  {
    name: 'a publication brings out what an episode was before',
    file: 'shared/episode/publication.ts',
    find: "  if (contentHash !== context['contentHash'])",
    replace: '  if (contentHash === null)',
    caughtBy: 'publishing',
  },
  {
    name: 'an attempt that has lost its step pays',
    file: 'shared/providers/paid-call.ts',
    find: '(await tools.stillHolds(trx)) && (await markSending(trx, call))',
    replace: 'await markSending(trx, call)',
    caughtBy: 'buying',
  },
  {
    name: 'two submissions share a revision',
    file: decisions,
    find: '  const revision = (await decisionRevision(trx, episodeId)) + 1',
    replace: '  const revision = Math.max(1, await decisionRevision(trx, episodeId))',
    caughtBy: 'reviewing',
  },
  {
    name: 'news that come twice begin two runs',
    file: upload,
    find: '      if (!(await recordUpload(trx, upload))) return []\n',
    replace: '      await recordUpload(trx, upload)\n',
    caughtBy: 'making',
  },
  {
    name: 'news that come again do not create the tasks that a lost process owed',
    file: upload,
    find: '  await enqueue(services, inserted.length > 0 ? inserted : await pendingOf(path, services))',
    replace: '  void pendingOf\n  await enqueue(services, inserted)',
    caughtBy: 'making',
  },
  {
    name: 'a recording that arrives while another is made is forgotten',
    file: begin,
    find: "  if (!run.started)\n    throw new Retryable('already_running', `The episode already has a live run, ${run.runId}.`)",
    replace: '  void Retryable\n  if (!run.started) return undefined',
    caughtBy: 'reviewing',
  },
  {
    name: 'a recording that arrives while its episode waits is waited with',
    file: begin,
    find: 'if (!run.started && (await supersedeRun(trx, run.runId))) run =',
    replace: 'if (!run.started && (await supersedeRun(trx, begin.episodeId))) run =',
    caughtBy: 'reviewing',
  },
  {
    name: 'of two that come for one episode at once, neither finds the other’s run',
    file: runs,
    find: '     ON CONFLICT DO NOTHING\n     RETURNING id',
    replace: '     RETURNING id',
    caughtBy: 'making',
  },
]
