// A recording without words, a user without keys: a model of one's own writes down what is said, through the real steps
// and the real sherpa-onnx. The model is one of ten digits (tests/support/digits); no real one was ever run here.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test as anyTest } from '@jest/globals'
import { modelFolder } from '../../shared/ears/bring-model.ts'
import type { Transcript } from '../../shared/words/words.ts'
import { digitRate, sayDigits, type SaidDigit } from '../support/digits/said.ts'
import { canHear, install } from '../support/listening.ts'
import { wav } from '../support/recordings.ts'
import { aSharedWorld, user, type World } from '../support/world.ts'

const test = canHear ? anyTest : anyTest.skip
let models: string
let recording: Buffer
let said: readonly SaidDigit[]
let world: World
let episodes = 0

beforeAll(async () => {
  models = await mkdtemp(path.join(tmpdir(), 'spool-models-'))
  if (!canHear) return
  const { samples, words } = await sayDigits(7, 7)
  recording = wav(samples, digitRate)
  said = words
  await install(models)
  world = await aSharedWorld({ env: { EARS_DIR: models } })
})
afterAll(() => rm(models, { recursive: true, force: true }))

async function record(in_: World, template?: object): Promise<string> {
  const place = (file: string) => `u/${user}/show/digits-${episodes}/${file}`
  episodes++
  if (template) await in_.upload(place('template.json'), JSON.stringify(template))
  await in_.arrive(await in_.upload(place('digits.wav'), recording))
  return (await in_.database.rows<{ id: string }>('SELECT id FROM runs ORDER BY created_at DESC LIMIT 1'))[0]!
    .id
}

/** Delivers what comes before the step. */
async function upTo(step: string, in_: World): Promise<void> {
  for (
    let tasks = await in_.tasks();
    !tasks.some(({ payload }) => payload.step === step);
    tasks = await in_.tasks()
  )
    for (const { payload } of tasks) await in_.hand(payload)
}

const rowOf = async (step: string, run: string, in_: World) =>
  (await in_.steps(run)).find((row) => row.step === step)!

describe('Without words and keys', () => {
  test('a model that is installed writes down what is said, each word where it is said', async () => {
    const run = await record(world)
    await upTo('align', world)
    const { output, context } = await rowOf('transcribe', run, world)
    const { words, exactTimes } = await world.services.storage.readJson<Transcript>({
      bucket: world.services.config.buckets.work,
      name: String(output!['transcriptObject']),
    })
    expect(exactTimes).toBe(true)
    const near = (sample: number, seconds: number) =>
      Math.abs(sample / Number(context['sampleRate']) - seconds) < 0.12
    const found = said.filter(({ text, startSeconds }) =>
      words.some((word) => word.text === text && near(word.startSample, startSeconds)),
    )
    expect(found.length).toBeGreaterThanOrEqual(0.9 * said.length)
    expect(words.length - found.length).toBeLessThanOrEqual(3)
    await world.cancel(run)
  })

  test('and without a model nobody hears', async () => {
    const deaf = await aSharedWorld({ env: { EARS_DIR: path.join(models, 'nothing') } })
    const run = await record(deaf)
    expect((await deaf.run(run)).context).toMatchObject({ recogniser: null, recogniserModel: null })
  })
})

describe('A model', () => {
  test('that is named and not installed fails the run at once, and says how to install it', async () => {
    const run = await record(world, { transcription: { provider: 'local', model: 'parakeet-v3' } })
    expect(await world.run(run)).toMatchObject({
      status: 'failed',
      stopReason: 'model_missing',
      errorMessage: expect.stringContaining('spool ears install parakeet-v3'),
    })
  })

  test('that breaks while it is needed fails an attempt, which says why; mended, it hears as if nothing had been', async () => {
    const other = await aSharedWorld({ env: { EARS_DIR: models } })
    const run = await record(other)
    await upTo('hear', other)
    const file = path.join(models, 'digits', 'model.onnx')
    await rename(file, `${file}.whole`)
    await writeFile(file, (await readFile(`${file}.whole`)).subarray(0, 20_000))
    expect((await other.deliver('hear', 0, run)).status).not.toBe(200)
    expect((await rowOf('hear', run, other)).error).toMatch(/recogniser's process/)
    await rename(`${file}.whole`, file)
    await other.timePasses(3_600_000)
    expect((await other.deliver('hear', 0, run)).status).toBe(200)
    const undisturbed = await world.database.rows<{ output: { recognisedHash: string } }>(
      `SELECT output FROM steps WHERE step = 'hear' AND status = 'done'`,
    )
    expect((await rowOf('hear', run, other)).output).toMatchObject({
      recognisedHash: undisturbed[0]!.output.recognisedHash,
    })
  })

  test('is fetched from the bucket where none is installed, and must be what was installed', async () => {
    const cloud = await aSharedWorld({ env: { EARS_MODEL: 'digits' } })
    const bucket = cloud.storage.bucket(cloud.services.config.buckets.work)
    const files = ['model.json', 'model.onnx', 'tokens.txt']
    const put = async (name: string, bytes?: string) =>
      bucket
        .file(modelFolder('digits') + name)
        .save(bytes ?? (await readFile(path.join(models, 'digits', name))), { resumable: false })
    const hearOnce = async (): Promise<string> => {
      const run = await record(cloud)
      await upTo('hear', cloud)
      await cloud.deliver('hear', 0, run)
      const { stopReason } = await cloud.run(run)
      const { output } = await rowOf('hear', run, cloud)
      return stopReason ?? String(output!['model'])
    }
    const fetched = path.join(tmpdir(), 'spool-models')
    await rm(fetched, { recursive: true, force: true })
    expect(await hearOnce()).toBe('model_missing')
    for (const name of files) await put(name)
    await put('tokens.txt', '<blk> 0\n'.padEnd(117))
    expect(await hearOnce()).toBe('bad_model')
    await put('tokens.txt')
    expect(await hearOnce()).toBe('digits')
    await rm(fetched, { recursive: true, force: true })
  })
})
