// The smoke test's recording becomes an episode, from its upload to its feed, with every object that is touched noted: no
// account needs more than it has.
import { expect, test } from '@jest/globals'
import { access, permissionsOfMethod } from '../../deploy/access.ts'
import { recording } from '../../deploy/smoke.ts'
import type { BucketName } from '../../deploy/names.ts'
import { catalogue } from '../../functions/index.ts'
import { onUpload } from '../../functions/on-upload.ts'
import { nameOf } from '../../shared/engine/serve.ts'
import type { Services } from '../../shared/engine/services.ts'
import type { ObjectStore } from '../../shared/storage.ts'
import { aWhisper } from '../support/vendors.ts'
import { aWorld, user } from '../support/world.ts'

/** The store, which notes in `seen` what is asked of which bucket in the name of `who()`. */
function watched(services: Services, who: () => string, seen: Set<string>): ObjectStore {
  const named = Object.entries(services.config.buckets)
  const bucketsIn = (value: unknown): string[] =>
    typeof value === 'string'
      ? named.filter(([, bucket]) => bucket === value).map(([name]) => name)
      : typeof value === 'object' && value !== null && 'bucket' in value
        ? bucketsIn(value.bucket)
        : []
  const note = (method: string, args: readonly unknown[]) => {
    const [from, to] = args
    const copies = method === 'copy' || method === 'copyOver'
    for (const bucket of bucketsIn(from)) seen.add([who(), bucket, copies ? 'read' : method].join(' '))
    if (copies)
      for (const bucket of bucketsIn(to))
        seen.add([who(), bucket, method === 'copy' ? 'create' : 'swap'].join(' '))
  }
  return Object.fromEntries(
    Object.entries(services.storage).map(([method, call]) => [
      method,
      (...args: unknown[]) => {
        note(method, args)
        return (call as (...given: unknown[]) => unknown)(...args)
      },
    ]),
  ) as unknown as ObjectStore
}

test('Every object that an episode’s steps touch is in a bucket that their account may touch so', async () => {
  const vendor = await aWhisper()
  const world = await aWorld({ env: { OPENAI_URL: `${vendor.baseUrl}/v1` } })
  await world.giveKey('openai', 'a-key')
  let step = 'on-upload'
  const accountOf = (name: string) => catalogue.find((entry) => nameOf(entry) === name)!.account
  const seen = new Set<string>()
  const services = { ...world.services, storage: watched(world.services, () => accountOf(step), seen) }
  await world.upload(`u/${user}/show/one/episode.json`, '{"title": "One"}')
  const template = {
    segments: [
      { type: 'intro', title: 'Hello', source: { kind: 'spoken', script: 'Hello.' } },
      { type: 'content' },
    ],
  }
  await world.upload(`u/${user}/show/one/template.json`, JSON.stringify(template))
  await onUpload(await world.upload(`u/${user}/show/one/talk.wav`, recording('v1a2b3c4d')), services)
  for (let queued = await world.tasks(); queued.length > 0; queued = await world.tasks())
    for (const { payload } of queued) {
      step = payload.step
      expect([step, await world.handBy(services, payload)]).toMatchObject([step, { status: 200 }])
    }
  const beyond = [...seen].filter((each) => {
    const [account, bucket, method] = each.split(' ')
    const may = access[account!]!.buckets[bucket as BucketName] ?? []
    return permissionsOfMethod(method!).some(
      (permission) => permission.startsWith('storage.') && !may.includes(permission),
    )
  })
  expect(beyond).toEqual([])
  expect(new Set([...seen].map((each) => each.split(' ')[0]))).toEqual(
    new Set(['upload', 'audio', 'vendors', 'light', 'publish']),
  )
})
