// Installing models: what is whole moves in, what is not is refused with what to do, and what was there stays there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { pack, type Header } from 'tar-stream'
import { listModels, removeModel } from '../../../local/cli/ears.ts'
import { mostBytes, unpack } from '../../../local/cli/unpack.ts'
import { canHear, digitModel, install, withModels } from '../../support/listening.ts'

const hearingTest = canHear ? test : test.skip

const model = async (file: string): Promise<Buffer> => readFile(path.join(digitModel, file))

type Entry = {
  readonly name: string
  readonly type?: Header['type']
  readonly linkname?: string
  readonly content?: Buffer
}

async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack()
  for (const { content, ...header } of entries) archive.entry(header, content ?? '')
  archive.finalize()
  const parts: Buffer[] = []
  for await (const part of archive) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

const digits = async (): Promise<Entry[]> => [
  { name: 'digits/model.onnx', content: await model('model.onnx') },
  { name: 'digits/tokens.txt', content: await model('tokens.txt') },
  { name: 'digits/README.md', content: Buffer.from('Ten digits.') },
]

/** An archive beside the models. */
async function saved(dir: string, name: string, bytes: Buffer): Promise<string> {
  await writeFile(path.join(dir, name), bytes)
  return path.join(dir, name)
}

const bzipped = (tar: Buffer): Buffer => spawnSync('bzip2', ['-c'], { input: tar }).stdout
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const installedIn = async (dir: string): Promise<string[]> =>
  (await listModels(dir)).models.filter(({ installed }) => installed).map(({ name }) => name)

describe('A model', () => {
  hearingTest('of an archive is tried out, listed with what it takes, and goes without a trace', async () => {
    await withModels(async (dir) => {
      const archive = bzipped(await tarOf(await digits()))
      const from = await saved(dir, 'digits.tar.bz2', archive)
      const installed = await install(dir, 'digits', from, sha256(archive))
      expect(installed).toMatchObject({ checkedBy: 'caller', archiveSha256: sha256(archive) })
      const { models } = await listModels(dir)
      expect(models[0]).toMatchObject({
        ...{ name: 'digits', installed: true, folder: path.join(dir, 'digits') },
        tried: {
          megabytes: expect.any(Number),
          timesRealTime: expect.any(Number),
          loadMs: expect.any(Number),
        },
      })
      expect(await removeModel(dir, 'digits')).toBe(true)
      expect(await removeModel(dir, 'digits')).toBe(false)
      expect(await readdir(dir)).toEqual(['digits.tar.bz2'])
    })
  })

  hearingTest(
    'that is cut short, changed or of another kind is refused, and the one before it stays',
    async () => {
      await withModels(async (dir) => {
        await install(dir)
        const whole = await tarOf(await digits())
        const cut = await model('model.onnx')
        const ruined: [string, Buffer, RegExp, string?][] = [
          ['short.tar.bz2', bzipped(whole).subarray(0, 40_000), /ends too early.*Fetch it again/],
          ['short.tar.gz', gzipSync(whole).subarray(0, 40_000), /ends too early.*Fetch it again/],
          ['short.tar', whole.subarray(0, 40_000), /ends too early.*Fetch it again/],
          ['page.tar.bz2', Buffer.from('<html>404</html>'.repeat(100)), /no tar archive/],
          ['sum.tar.gz', gzipSync(whole), /its SHA-256 is [\da-f]{64}.*fetch it again/i, '0'.repeat(64)],
          [
            'other.tar.gz',
            gzipSync(await tarOf([{ name: 'a/speech.onnx', content: cut }])),
            /There should be tokens.txt/,
          ],
          [
            'ruined.tar.gz',
            gzipSync(
              await tarOf([
                { name: 'model.onnx', content: cut.subarray(0, 50_000) },
                { name: 'tokens.txt', content: await model('tokens.txt') },
              ]),
            ),
            /cannot be opened: its files are damaged/,
          ],
        ]
        for (const [name, bytes, why, sum] of ruined)
          await expect(install(dir, 'digits', await saved(dir, name, bytes), sum)).rejects.toMatchObject({
            code: 'bad_model',
            message: expect.stringMatching(why),
          })
        expect(await installedIn(dir)).toEqual(['digits'])
        expect((await readdir(dir)).filter((name) => name.startsWith('.'))).toEqual([])
        expect(await readFile(path.join(dir, 'digits/model.onnx'))).toEqual(cut)
      })
    },
  )

  test('by the name of one that is known must have its sum', async () => {
    await withModels(async (dir) => {
      const from = await saved(dir, 'parakeet.tar.gz', gzipSync(await tarOf(await digits())))
      await expect(install(dir, 'parakeet-v3', from)).rejects.toThrow(/should be 5793d0fd.*--sha256/)
    })
  })
})

describe('An archive', () => {
  test('gives files by their own names only: no path, no link, nothing that is of no model', async () => {
    await withModels(async (dir) => {
      const entries: Entry[] = [
        { name: '../../outside.onnx', content: Buffer.from('weights') },
        { name: '/../tokens.txt', content: Buffer.from('a 0') },
        { name: 'm/model.onnx', type: 'symlink', linkname: '/etc/passwd' },
        { name: 'm/.bashrc', content: Buffer.from('rm') },
        { name: 'm/test_wavs/0.onnx', content: Buffer.from('deeper') },
        { name: 'm/run.sh', content: Buffer.from('rm') },
      ]
      const from = await saved(dir, 'tricks.tar', await tarOf(entries))
      await mkdir(path.join(dir, 'in/side'), { recursive: true })
      const files = await unpack(from, path.join(dir, 'in/side'))
      expect(files.map(({ name }) => name)).toEqual(['tokens.txt'])
      expect((await readdir(dir, { recursive: true })).sort()).toEqual([
        ...['in', 'in/side', 'in/side/tokens.txt', 'tricks.tar'],
      ])
    })
  })

  test('that would fill the disk, or has a file twice, is refused before it does', async () => {
    await withModels(async (dir) => {
      const bomb = await tarOf([{ name: 'm/tokens.txt', content: Buffer.from('a 0') }])
      bomb.write((mostBytes + 1).toString(8).padStart(11, '0'), 124, 'latin1')
      bomb.write('        ', 148, 'latin1')
      const sum = bomb.subarray(0, 512).reduce((total, byte) => total + byte, 0)
      bomb.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
      const twice = await tarOf(
        ['a', 'b'].map((folder) => ({ name: `${folder}/tokens.txt`, content: Buffer.from('a') })),
      )
      for (const [name, bytes, why] of [
        ['bomb.tar', bomb, /more than \d+ bytes unpacked/],
        ['twice.tar', twice, /two files tokens.txt/],
      ] as const) {
        const folder = path.join(dir, `of-${name}`)
        await mkdir(folder)
        await expect(unpack(await saved(dir, name, bytes), folder)).rejects.toThrow(why)
      }
      expect(await readdir(path.join(dir, 'of-bomb.tar'))).toEqual([])
    })
  })
})
