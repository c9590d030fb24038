// Retry: the run that is named is made again, whatever was made of the episode since.
import { expect, test } from '@jest/globals'
import { startAgain } from '../../shared/episode/retry.ts'
import { aWorld, user } from '../support/world.ts'

const place = `u/${user}/show/one/talk.wav`

test('an earlier run is repeated with its own recording, not the latest one', async () => {
  const world = await aWorld()
  const upload = async (content: string) => {
    const recording = await world.upload(place, content)
    await world.arrive(recording)
    const [latest] = await world.database.rows<{ id: string }>(
      'SELECT id FROM runs ORDER BY created_at DESC LIMIT 1',
    )
    await world.cancel(latest!.id)
    return { runId: latest!.id, generation: recording.generation }
  }
  const first = await upload('first')
  const second = await upload('second')
  const again = await startAgain(world.services, first.runId)
  expect((await world.run(again)).context).toMatchObject({ recordingGeneration: first.generation })
  await world.cancel(again)
  const latest = await startAgain(world.services, second.runId)
  expect((await world.run(latest)).context).toMatchObject({ recordingGeneration: second.generation })
})
