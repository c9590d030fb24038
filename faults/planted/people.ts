/** Bugs in how runs begin and end, in what is counted, bought, published and deleted. */
import type { PlantedBug } from './bug.ts'

const runs = 'shared/db/runs.ts'
const changes = 'shared/db/run-changes.ts'
const usage = 'shared/db/usage.ts'
const paid = 'shared/db/paid-calls.ts'
const decisions = 'shared/db/edit-decisions.ts'
const deletions = 'shared/db/deletions.ts'
const beginDeletion = 'shared/db/begin-deletion.ts'
const purges = 'shared/db/purges.ts'
const emptying = 'shared/housekeeping/delete.ts'
const publishing = 'functions/publish.ts'
const feed = 'shared/publishing/feed-file.ts'
const files = 'shared/publishing/public-files.ts'
const upload = 'functions/on-upload.ts'
const begin = 'shared/episode/run.ts'

export const peopleBugs: readonly PlantedBug[] = [
  {
    name: 'nobody locks a run: two committers each see the other’s step unfinished',
    file: runs,
    find: 'FROM runs WHERE id = :runId FOR UPDATE`',
    replace: 'FROM runs WHERE id = :runId`',
    caughtBy: 'making',
  },
  {
    name: 'a run that has ended goes on changing',
    file: changes,
    find: '     WHERE id = :runId\n       AND ${isLive}\n     RETURNING ${runColumns}',
    replace: '     WHERE id = :runId\n     RETURNING ${runColumns}',
    caughtBy: 'making',
  },
  {
    name: 'progress goes back',
    file: changes,
    find: 'greatest(processed, CAST(:processed AS integer))',
    replace: 'CAST(:processed AS integer)',
    caughtBy: 'making',
  },
  {
    name: 'both of two submissions wake a run that waits',
    file: changes,
    find: '         AND status = :from\n       RETURNING episode_id',
    replace: '         AND (status = :from OR true)\n       RETURNING episode_id',
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
    find: "             WHEN published IS NOT NULL THEN 'published'\n",
    replace: '',
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
    name: 'two submissions share a revision',
    file: decisions,
    find: '  const revision = (await decisionRevision(trx, episodeId)) + 1',
    replace: '  const revision = Math.max(1, await decisionRevision(trx, episodeId))',
    caughtBy: 'reviewing',
  },
  {
    name: 'news that come twice begin two runs',
    file: upload,
    find: '      )\n        return []\n      if (!plan.recordings)',
    replace: '      )\n        void 0\n      if (!plan.recordings)',
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
    caughtBy: 'clearing',
  },
  {
    name: 'a recording that arrives while its episode waits is waited with',
    file: begin,
    find: 'if (!run.started && (await supersedeRun(trx, run.runId))) run =',
    replace: 'if (!run.started && (await supersedeRun(trx, begin.episodeId))) run =',
    caughtBy: 'reviewing',
  },
  {
    name: 'a run that was cancelled is published',
    file: publishing,
    find: "      if ((await lockRun(trx, runId))?.status !== 'started')\n        throw new Stopped('The run ended before its publication began.')\n",
    replace: '      void [Stopped, lockRun]\n',
    caughtBy: 'publishing',
  },
  {
    name: 'publication has no point of no return',
    file: publishing,
    find: '      await updateRunProgress(trx, runId, { committed: true })\n',
    replace: '      void updateRunProgress\n',
    caughtBy: 'publishing',
  },
  {
    name: 'what is published is not in the feed',
    file: publishing,
    find: '  await publishAudio(version, tools, () => passPointOfNoReturn(version, tools, markPublishing))\n  await swapFeed(version.podcastId, tools)',
    replace:
      '  await publishAudio(version, tools, () => passPointOfNoReturn(version, tools, markPublishing))',
    caughtBy: 'publishing',
  },
  {
    name: 'what is taken back stays in the feed',
    file: publishing,
    find: '  await passPointOfNoReturn(version, tools, markWithdrawn)\n  await swapFeed(version.podcastId, tools)',
    replace: '  await passPointOfNoReturn(version, tools, markWithdrawn)',
    caughtBy: 'publishing',
  },
  {
    name: 'what is taken back can still be heard',
    file: publishing,
    find: '  await removeFiles(files, tools)\n',
    replace: '  void removeFiles\n',
    caughtBy: 'publishing',
  },
  {
    name: 'what is published is never called so',
    file: publishing,
    find: "    if (what === 'publish') await markPublished(trx, episodeId)",
    replace: "    if (what === 'publish') await Promise.resolve(markPublished)",
    caughtBy: 'publishing',
  },
  {
    name: 'a feed is read before its generation is',
    file: feed,
    find: '    const there = await storage.stat(feed)\n    const { podcast, settings, episodes } = await withDatabase((db) => readShow(db, podcastId))',
    replace:
      '    const { podcast, settings, episodes } = await withDatabase((db) => readShow(db, podcastId))\n    const there = await storage.stat(feed)',
    caughtBy: 'publishing',
  },
  {
    name: 'a feed that somebody else has written meanwhile is not written again',
    file: feed,
    find: '      isSame(xml, there) ||\n      (await storage.swap',
    replace: '      isSame(xml, there) ||\n      void 0 === void (await storage.swap',
    caughtBy: 'publishing',
  },
  {
    name: 'an attempt that was overtaken brings old audio back',
    file: files,
    find: '    const there = await storage.stat(to)\n    await passPointOfNoReturn()',
    replace: '    await passPointOfNoReturn()\n    const there = await storage.stat(to)',
    caughtBy: 'publishing',
  },
  {
    name: 'audio that somebody else has replaced meanwhile is left as it is',
    file: files,
    find: "    if (await storage.copyOver(from, to, there?.generation ?? '0', metadata)) return",
    replace: "    await storage.copyOver(from, to, there?.generation ?? '0', metadata)\n    return",
    caughtBy: 'publishing',
  },
  {
    name: 'a folder is forgotten while it can still be written to',
    file: emptying,
    find: '  const isOver = isEmpty && isSettled',
    replace: '  const isOver = isEmpty && (isSettled || true)',
    caughtBy: 'deleting',
  },
  {
    name: 'a deletion waits for nobody that is at work',
    file: beginDeletion,
    find: "    THEN CAST(:leaseMs AS integer) * interval '1 millisecond'",
    replace: "    THEN CAST(:leaseMs AS integer) * interval '0 millisecond'",
    caughtBy: 'deleting',
  },
  {
    name: 'results that another episode needs go with the deleted one',
    file: emptying,
    find: '  if (!(await isNeeded(db, deletion.userId, inputKey))) return true',
    replace: '  if (!(await isNeeded(db, deletion.userId, inputKey)) || inputKey) return true',
    caughtBy: 'deleting',
  },
  {
    name: 'the feed still names what was deleted',
    file: emptying,
    find: '  await leaveFeed(services, use, deletion)\n',
    replace: '  void leaveFeed\n',
    caughtBy: 'deleting',
  },
  {
    name: 'the results of a deleted episode stay',
    file: beginDeletion,
    find: '     WHERE r.episode_id = :episodeId\n       AND s.input_key IS NOT NULL\n',
    replace: '     WHERE r.episode_id = :episodeId\n       AND false\n',
    caughtBy: 'deleting',
  },
  {
    name: 'something of a user begins while everything of theirs is deleted',
    file: deletions,
    find: '${isOfEverything} AND done_at IS NULL)`',
    replace: '${isOfEverything} AND done_at IS NULL AND false)`',
    caughtBy: 'deleting',
  },
  {
    name: 'an upload that was deleted makes its episode again',
    file: 'shared/db/media-items.ts',
    find: '         AND d.asked_at >= :createdAt',
    replace: '         AND d.asked_at < :createdAt',
    caughtBy: 'deleting',
  },
  {
    name: 'results that another run needs are cleared away with the old one',
    file: purges,
    find: '           AND o.run_id <> s.run_id\n',
    replace: '           AND o.run_id = s.run_id AND false\n',
    caughtBy: 'clearing',
  },
  {
    name: 'what a purge has not announced for long enough is closed',
    file: purges,
    find: "     WHERE phase = 'announced'\n       AND moved_at < clock_timestamp() - CAST(:phaseSeconds AS integer) * interval '1 second'",
    replace: "     WHERE phase = 'announced'\n       AND :phaseSeconds > 0",
    caughtBy: 'clearing',
  },
  {
    name: 'files go of a purge that was just closed',
    file: purges,
    find: "     WHERE p.phase = 'closed'\n       AND p.moved_at < clock_timestamp() - CAST(:phaseSeconds AS integer) * interval '1 second'",
    replace: "     WHERE p.phase = 'closed'\n       AND :phaseSeconds > 0",
    caughtBy: 'clearing',
  },
  {
    name: 'of two that come for one episode at once, neither finds the other’s run',
    file: runs,
    find: '     ON CONFLICT DO NOTHING\n     RETURNING id',
    replace: '     RETURNING id',
    caughtBy: 'making',
  },
]
