// A long recording is prepared in stretches that are joined; one that is damaged is decoded again in one go.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { made } from '../support/media.ts'
import { aWorld, user } from '../support/world.ts'

/** Eleven minutes. */
let long: Buffer
beforeAll(async () => {
  long = await made(
    'long.flac',
    '-f lavfi -i sine=f=300:b=5:r=44100:d=660 -af tremolo=f=0.3:d=0.9 -sample_fmt s16',
  )
})

async function prepared(recording: Buffer) {
  const world = await aWorld()
  const prefix = `u/${user}/show/one`
  await world.upload(`u/${user}/show/assets/jingle.mp3`, await made('jingle.mp3', '-f lavfi -i sine=d=2'))
  await world.upload(
    `${prefix}/template.json`,
    JSON.stringify({
      segments: [{ type: 'intro', source: { kind: 'static', file: 'jingle.mp3' } }, { type: 'content' }],
    }),
  )
  await world.arrive(await world.upload(`${prefix}/talk.flac`, recording))
  const [run] = await world.database.rows<{ id: string }>('SELECT id FROM runs')
  const { id } = run!
  await world.deliver('prepare', 0, id)
  const parts = (await world.pending()).filter((step) => step === 'prepare').length
  for (let part = 1; part <= parts; part++) await world.deliver('prepare', part, id)
  await world.deliver('join', 0, id)
  return { world, id, parts }
}

describe('A recording of eleven minutes', () => {
  test('is decoded in two stretches beside the assets, and joined to the sample', async () => {
    const { world, id, parts } = await prepared(long)
    expect(parts).toBe(3)
    const { output } = (await world.steps(id)).find(({ step }) => step === 'join')!
    expect(output).toMatchObject({ file: 'talk.flac', totalSamples: 660 * 44_100, sampleFormat: 's16le' })
    const { work } = world.services.config.buckets
    const [pcm] = await world.storage.bucket(work).file(String(output!['pcmObject'])).download()
    const whole = await made('whole.raw', '-i $1 -f s16le', long)
    expect(pcm.equals(whole)).toBe(true)
    expect(await world.pending()).toEqual(['examine'])
    expect((await world.run(id)).warnings).toEqual([])
  })

  test('that is damaged in its midst is decoded in one go, and its producer is told', async () => {
    const damaged = Buffer.from(long)
    damaged.fill(0x55, damaged.length >> 1, (damaged.length >> 1) + 5000)
    const { world, id } = await prepared(damaged)
    const { output } = (await world.steps(id)).find(({ step }) => step === 'join')!
    expect(Math.abs(Number(output!['totalSamples']) - 660 * 44_100)).toBeLessThan(44_100)
    expect((await world.run(id)).warnings.map(({ code }) => code)).toContain('gaps_filled')
  })
})
