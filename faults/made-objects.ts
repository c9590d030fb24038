/**
 * Notes what is made in the buckets where nothing is ever replaced, and complains of what was made a second time in its place.
 */
import type { FaultyCloud } from './cloud.ts'
import type { Passing } from './passing.ts'

export function madeObjects({ services }: FaultyCloud) {
  const generations = new Map<string, string>()
  const replaced = new Set<string>()
  return {
    note: async ({ effect, side, about }: Passing): Promise<void> => {
      if (side === 'before' || !/^object\.(create|compose|copy)$/.test(effect)) return
      const [, bucket, name] = /^(work|episodes)\/(.+)$/.exec(about) ?? []
      if (bucket === undefined || name === undefined) return
      const generation = (await services.storage.stat({ bucket, name }))?.generation
      if (generation === undefined) return
      if ((generations.get(about) ?? generation) !== generation) replaced.add(about)
      generations.set(about, generation)
    },
    replaced: () => [...replaced].map((object) => `${object} was made, and made again in its place`),
  }
}
