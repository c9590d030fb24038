/**
 * The benchmark of the console: how long its first page takes for a producer with a thousand episodes, how much comes over
 * the wire, and how long the database looks for the list.
 */
import { consoleLink } from '../local/cli/console.ts'
import { rows, withDatabase } from '../shared/db/connect.ts'
import { pageWeight } from '../tests/support/page-weight.ts'
import { startWatchedCloud } from './cloud.ts'
import { userId } from '../local/cli/user.ts'

export interface ConsoleFigures {
  readonly episodes: number
  /** Of the server, median. */
  readonly firstPageMs: number
  /** Page, style and every module, as a browser is sent them. */
  readonly firstPageBytes: number
  /** Of the API's list of fifty, median, with its own look at who asks. */
  readonly listMs: number
}

const looks = 21

export async function benchConsole(dir: string, workers: number, episodes = 1000): Promise<ConsoleFigures> {
  const cloud = await startWatchedCloud(dir, workers)
  try {
    await withDatabase(cloud.env['DATABASE_URL']!, async (db) => {
      await db.raw('INSERT INTO users (id) VALUES (:userId) ON CONFLICT DO NOTHING', { userId })
      const [podcast] = await rows<{ id: string }>(
        db,
        `INSERT INTO podcasts (user_id, slug) VALUES (:userId, 'show') RETURNING id`,
        { userId },
      )
      await db.raw(
        `INSERT INTO episodes (user_id, podcast_id, slug, title)
         SELECT :userId, :podcastId, 'episode-' || i, 'Episode ' || i FROM generate_series(1, CAST(:episodes AS integer)) AS i`,
        { userId, podcastId: podcast!.id, episodes },
      )
    })
    const link = new URL(await consoleLink(cloud))
    const base = link.href.replace(/\/sign-in.*/, '')
    const { origin } = link
    const signedIn = await fetch(`${base}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ link: link.searchParams.get('link')! }).toString(),
    })
    const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!
    const page = async () => await (await fetch(`${base}/`, { headers: { cookie } })).text()
    const list = async () =>
      await (await fetch(`${base}/api/episodes?limit=50`, { headers: { cookie, origin } })).text()
    const html = await page()
    return {
      episodes,
      firstPageMs: await medianMs(page),
      firstPageBytes: (await pageWeight(html)).bytes,
      listMs: await medianMs(list),
    }
  } finally {
    await cloud.stop()
  }
}

async function medianMs(ask: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < looks; i++) {
    const started = performance.now()
    await ask()
    times.push(performance.now() - started)
  }
  return times.sort((a, b) => a - b)[(looks - 1) / 2]!
}
