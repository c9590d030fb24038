// A podcast's template is read as it is now, also while it is replaced.
import { expect, test } from '@jest/globals'
import { podcastTemplate } from '../../shared/episode/podcast-template.ts'
import { uploadName } from '../../shared/objects.ts'
import { aWorld, user } from '../support/world.ts'

test('one that is replaced between the look and the reading is read as it is then', async () => {
  const world = await aWorld()
  const { storage, config } = world.services
  const name = uploadName(user, 'show', 'assets', 'template.json')
  await world.upload(name, '{}')
  let isReplaced = false
  const stat: typeof storage.stat = async (object) => {
    const found = await storage.stat(object)
    if (!isReplaced && object.name === name) {
      isReplaced = true
      await world.upload(name, '{"publish":"manual"}')
    }
    return found
  }
  const read = await podcastTemplate(
    { userId: user, podcast: 'show' },
    { storage: { ...storage, stat }, config },
  )
  expect([isReplaced, read.text]).toEqual([true, '{"publish":"manual"}'])
})
