// Exporting a show into a folder: what lies there is another show's, or a file.
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { exportPodcast, folderAddress, formerExport, summariseExport } from '../../../local/cli/export.ts'
import type { Client } from '../../../local/client/client.ts'

const aFolder = () => mkdtemp(path.join(tmpdir(), 'spool-export-'))
/** Whose only show has its feed at that port; nothing serves the ninth. */
const clientOf = (port: number) =>
  ({
    async *items<T>() {
      yield* await Promise.resolve([
        { slug: 'garden', settings: { title: 'Garden' }, feedUrl: `http://127.0.0.1:${port}/feed.xml` } as T,
      ])
    },
  }) as unknown as Client
const exported = (out: string, client = clientOf(9)) =>
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

test("a file of one's own is left as it is, and nothing is written beside it", async () => {
  const server = createServer((_request, response) => response.end('<rss/>')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const folder = await aFolder()
  await writeFile(path.join(folder, 'feed.xml'), 'mine')
  await expect(exported(folder, clientOf(port))).rejects.toMatchObject({
    code: 'bad_output',
    message: expect.stringContaining('no export of Spool has written it') as unknown,
  })
  expect(await readFile(path.join(folder, 'feed.xml'), 'utf8')).toBe('mine')
  expect(await readdir(folder)).toEqual(['feed.xml'])
  const other = await aFolder()
  await expect(exported(other, clientOf(port))).resolves.toMatchObject({ files: ['feed.xml'] })
  await expect(exported(other, clientOf(port))).resolves.toMatchObject({ files: ['feed.xml'] })
  server.close()
})

test('episodes whose sound stays with the host they were imported from are counted, with what brings it', async () => {
  const server = createServer((request, response) => {
    const here = `http://${request.headers.host}/p/one/episode.mp3`
    const item = (url: string) => `<item><enclosure url="${url}" length="8" type="audio/mpeg"/></item>`
    const items = [
      here,
      `https://op3.dev/e/${here}`,
      'https://old.example/a.mp3',
      'https://old.example/b.mp3',
    ]
    response.end(request.url === '/feed.xml' ? `<rss>${items.map(item).join('')}</rss>` : 'sound')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const report = await exported(await aFolder(), clientOf((server.address() as AddressInfo).port))
  server.close()
  expect(report).toMatchObject({ episodes: 4, elsewhere: 2, files: ['p/one/episode.mp3', 'feed.xml'] })
  expect(summariseExport(report)).toMatch(
    /Of 2 of 4 episodes the sound is not among them.*import-feed FEED --podcast garden --fetch/,
  )
  expect(summariseExport({ ...report, elsewhere: 0 })).not.toMatch(/import-feed/)
})

test.each([
  ['https://a.example/my show', 'https://a.example/my%20show'],
  ['https://bücher.example/x', 'https://xn--bcher-kva.example/x'],
  ['https://a.example/?x=1', undefined],
  ['a.example/x', undefined],
  ['https:///', undefined],
])('a folder at %s is %s for servers', (typed, asked) => {
  expect(folderAddress(typed)).toBe(asked)
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
