/** Whether anything is left to be done in a world, by its rows: a run at work, a deletion, a feed that is behind. */
import type { World } from './world.ts'

export async function isQuiet({ database }: World): Promise<boolean> {
  const [found] = await database.rows<{ isQuiet: boolean }>(
    `SELECT NOT EXISTS (SELECT 1 FROM runs WHERE status IN ('queued', 'started'))
        AND NOT EXISTS (SELECT 1 FROM deletions WHERE done_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM purges WHERE phase <> 'cleared')
        AND NOT EXISTS (SELECT 1 FROM episodes WHERE status = 'scheduled')
        AND NOT EXISTS (
          SELECT 1 FROM podcasts p
          WHERE feed_revision < revision
            AND EXISTS (SELECT 1 FROM episodes WHERE podcast_id = p.id AND published IS NOT NULL)
        ) AS "isQuiet"`,
  )
  return found!.isQuiet
}
