/** Bugs in what listeners find, and in what is cleared away and deleted. */
import type { PlantedBug } from './bug.ts'

const deletions = 'shared/db/deletions.ts'
const beginDeletion = 'shared/db/begin-deletion.ts'
const purges = 'shared/db/purges.ts'
const emptying = 'shared/housekeeping/delete.ts'
const clearing = 'shared/housekeeping/purge.ts'
const publishing = 'functions/publish.ts'
const feed = 'shared/publishing/feed-file.ts'
const files = 'shared/publishing/public-files.ts'

export const listenerBugs: readonly PlantedBug[] = [
  {
    name: 'a run that was cancelled is published',
    file: publishing,
    find: "      if (run?.status !== 'started') throw new Stopped('The run ended before its publication began.')\n",
    replace: '      void Stopped\n',
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
    find: '  await publishAudio(version, tools, () => passPointOfNoReturn(version, tools, markPublishing))\n  await swapFeed(version.podcastId, tools, version.episodeId)',
    replace:
      '  await publishAudio(version, tools, () => passPointOfNoReturn(version, tools, markPublishing))',
    caughtBy: 'publishing',
  },
  {
    name: 'what is taken back stays in the feed',
    file: publishing,
    find: '  await passPointOfNoReturn(version, tools, mark)\n  await swapFeed(version.podcastId, tools)',
    replace: '  await passPointOfNoReturn(version, tools, mark)',
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
    name: 'what is taken back is never looked at again',
    file: 'functions/sweep.ts',
    find: 'clearWithdrawn(services, endsAt)',
    replace: 'Promise.resolve(clearWithdrawn).then(() => 0)',
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
    find: '  const there = await storage.stat(to)\n  await passPointOfNoReturn()',
    replace: '  await passPointOfNoReturn()\n  const there = await storage.stat(to)',
    caughtBy: 'returning',
  },
  {
    name: 'audio that somebody else has replaced meanwhile is left as it is',
    file: files,
    find: "  if (!(await storage.copyOver(from, to, there?.generation ?? '0', metadata)))",
    replace: "  if (!(await storage.copyOver(from, to, there?.generation ?? '0', metadata)) && made === '')",
    caughtBy: 'returning',
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
    find: '     WHERE input_key IS NOT NULL\n',
    replace: '     WHERE input_key IS NOT NULL AND false\n',
    caughtBy: 'deleting',
  },
  {
    name: 'a step notes its key behind the back of whoever deletes its episode',
    file: beginDeletion,
    find:
      '       DELETE FROM steps\n       WHERE run_id IN (SELECT id FROM runs WHERE episode_id = :episodeId)\n' +
      '       RETURNING input_key\n',
    replace:
      '       SELECT input_key FROM steps\n       WHERE run_id IN (SELECT id FROM runs WHERE episode_id = :episodeId)\n',
    caughtBy: 'deleting',
  },
  {
    name: 'a sweep that slept through the end of a deletion deletes what came after it',
    file: 'shared/housekeeping/delete.ts',
    find: '{ goes: cameBefore, isStill, endsAt }',
    replace: '{ goes: cameBefore, endsAt }',
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
    find: '    AND d.asked_at >= :createdAt',
    replace: '    AND d.asked_at < :createdAt',
    caughtBy: 'deleting',
  },
  {
    name: 'news that slept through a deletion make again what was deleted',
    file: 'functions/on-upload.ts',
    find: '      if (started && !(await services.storage.stat(object))) throw new Missing(object)\n',
    replace: '',
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
    name: 'the finished files that a later run makes again are cleared away with the old one’s',
    file: purges,
    find: '                  AND other.episode_id = r.episode_id\n',
    replace: '                  AND other.episode_id <> r.episode_id\n',
    caughtBy: 'clearing',
  },
  {
    name: 'a run’s keys are forgotten before its files are gone',
    file: clearing,
    find:
      '  for (const { bucket, name, generation } of objects) await storage.remove({ bucket, name, generation })\n' +
      '  await withDatabase(config.databaseUrl, (db) => db.transaction((trx) => finishPurge(trx, runId)))\n',
    replace:
      '  await withDatabase(config.databaseUrl, (db) => db.transaction((trx) => finishPurge(trx, runId)))\n' +
      '  for (const { bucket, name, generation } of objects) await storage.remove({ bucket, name, generation })\n',
    caughtBy: 'clearing',
  },
  {
    name: 'a sweep clears away what is there since another one has cleared',
    file: clearing,
    find: '  if (!(await withDatabase(config.databaseUrl, (db) => isPurgeClosed(db, runId)))) return\n',
    replace: '  void isPurgeClosed\n',
    caughtBy: 'clearing',
  },
  {
    name: 'an attempt that has slept brings a publication back into its middle',
    file: publishing,
    find: '      if (!(await stillHolds(trx))) throw',
    replace: '      if (!stillHolds) throw',
    caughtBy: 'accompanying',
  },
]
