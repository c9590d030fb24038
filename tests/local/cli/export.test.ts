// Exporting a show into a folder: what lies there is another show's, or a file.
import { mkdtemp, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { exportPodcast, formerExport } from '../../../local/cli/export.ts'
import type { Client } from '../../../local/client/client.ts'

const aFolder = () => mkdtemp(path.join(tmpdir(), 'spool-export-'))
/** Whose only show has a feed that nothing serves. */
const client = {
  async *items<T>() {
    yield* await Promise.resolve([
      { slug: 'garden', settings: { title: 'Garden' }, feedUrl: 'http://127.0.0.1:9/feed.xml' } as T,
    ])
  },
} as unknown as Client
const exported = (out: string) =>
  exportPodcast(client, 'garden', { url: 'https://a.example/', out }, AbortSignal.timeout(10_000))

test("another show's export is left as it is, and a file is no folder", async () => {
  const folder = await aFolder()
  const former = { podcast: 'night', files: ['one/episode.mp3', 'feed.xml'] }
  await writeFile(path.join(folder, '.spool-export.json'), JSON.stringify(former))
  await expect(exported(folder)).rejects.toMatchObject({
    code: 'bad_output',
    message: expect.stringMatching(/another show, "night".*--out .*-garden/) as unknown,
  })
  expect(await readdir(folder)).toEqual(['.spool-export.json'])
  const file = path.join(folder, '.spool-export.json')
  await expect(exported(file)).rejects.toMatchObject({ code: 'bad_output' })
})

test('what an earlier Spool noted is known, without its show; and what nobody can read is nothing', async () => {
  const folder = await aFolder()
  expect(await formerExport(folder)).toEqual({ files: [] })
  for (const [noted, files] of [
    ['["feed.xml"]', ['feed.xml']],
    ['{', []],
    ['7', []],
  ] as const) {
    await writeFile(path.join(folder, '.spool-export.json'), noted)
    expect(await formerExport(folder)).toEqual({ files })
  }
})
