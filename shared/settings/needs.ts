/** What a template needs that is not in it: files among the assets, pictures, voices, letters. */
import type { Template } from './settings.ts'
import type { VoiceSettings } from './segments.ts'

/** Every file a template needs among the podcast's assets, and what needs it. */
export function assetsOf({
  segments,
  music: beds,
  cleaning: { sfx },
}: Template): { file: string; neededBy: string }[] {
  const ofSegments = segments.flatMap((one, i) =>
    one.type !== 'content' && one.source.kind === 'static'
      ? [{ file: one.source.file, neededBy: `Segment ${i + 1} (${one.type})` }]
      : [],
  )
  const ofMusic = beds.map(({ file }, i) => ({ file, neededBy: `Music rule ${i + 1}` }))
  const ofSounds = sfx.sounds.map(({ file, phrase: said }) => ({ file, neededBy: `The sound for "${said}"` }))
  return [...ofSegments, ...ofMusic, ...ofSounds]
}

/** Every picture a template shows with a chapter. */
export const picturesOf = ({ segments }: Template): { file: string; neededBy: string }[] =>
  segments.flatMap(({ type, image }, i) =>
    image === undefined ? [] : [{ file: image, neededBy: `Segment ${i + 1} (${type})` }],
  )

/** The voices of what is written in the template, one for each script. */
export const voicesOfScripts = ({ segments, voice: usual }: Template): VoiceSettings[] =>
  segments.flatMap((one) =>
    one.type !== 'content' && one.source.kind !== 'static' ? [one.source.voice ?? usual] : [],
  )

/** How many letters of listener mail the template reads out. */
export const lettersWanted = ({ segments }: Template): number =>
  segments.reduce(
    (sum, one) => sum + (one.type !== 'content' && one.source.kind === 'mail' ? one.source.count : 0),
    0,
  )

/** The template as it is with so many letters: mail segments for which none is left are not in it, unless they must be. */
export function withLetters(template: Template, letters: number): { template: Template; leftOut: string[] } {
  let left = letters
  const leftOut: string[] = []
  const segments = template.segments.filter((one, i) => {
    if (one.type === 'content' || one.source.kind !== 'mail') return true
    const isEmpty = left === 0
    left = Math.max(0, left - one.source.count)
    if (!isEmpty || one.source.whenEmpty === 'fail') return true
    leftOut.push(`Segment ${i + 1} (${one.type})`)
    return false
  })
  return { template: leftOut.length > 0 ? { ...template, segments } : template, leftOut }
}

/** Whether something is proposed to be said of an episode once it is made. */
export const proposesAnything = ({ chapters, notes }: Pick<Template, 'chapters' | 'notes'>): boolean =>
  chapters === 'propose' || notes.provider !== undefined
