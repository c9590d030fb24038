/** A world in which episodes are finished with a few bytes of their own, and truly published. */
import { publish } from '../../functions/publish.ts'
import { saveFinishedAudio } from '../../shared/db/episodes.ts'
import { deliverables, isDeliverable } from '../../shared/episode/deliverables.ts'
import { episodeName } from '../../shared/objects.ts'
import { aToyShow, type ToyShow } from './toys.ts'
import { aWorld, type World } from './world.ts'

/** A frame of 128 kb/s begins so. */
export const mp3Header = Buffer.from([0xff, 0xfb, 0x90, 0x64])

export type Files = Readonly<Record<string, Buffer | string>>

/** What listeners get, and what they do not. */
const plain = (take: string): Files => ({
  'episode.mp3': Buffer.concat([mp3Header, Buffer.from(`${take} of episode.mp3`)]),
  'manifest.json': `{"take":"${take}"}`,
})

/** `filesOf`: what an episode is finished with, by the `take` that its run was started with. */
export async function aWorldThatPublishes(
  filesOf: (take: string) => Files = plain,
): Promise<{ show: ToyShow; world: World }> {
  const show = aToyShow([
    {
      name: 'finish',
      act: async ({ episodeId, take }, { storage, config, withDatabase }) => {
        const contentHash = String(take)
        const files = filesOf(contentHash)
        for (const [file, bytes] of Object.entries(files))
          await storage.create(
            { bucket: config.buckets.episodes, name: episodeName(episodeId, contentHash, file) },
            bytes,
            isDeliverable(file) ? deliverables[file].type : 'text/plain',
          )
        const audio = {
          contentHash,
          durationSeconds: 60,
          audioBytes: 1000,
          hasTranscript: false,
          coverFile: null,
        }
        await withDatabase((db) => saveFinishedAudio(db, episodeId, audio))
        return { contentHash, files: Object.keys(files).join(' ') }
      },
    },
  ])
  const stage = {
    trigger: 'task',
    step: publish,
    after: ['finish'],
    share: 1,
    queue: 'toys',
    memory: '512Mi',
    deadlineSeconds: 60,
  } as const
  return { show, world: await aWorld({ catalogue: [...show.catalogue, stage] }) }
}
