/**
 * Lists the texts that a synthetic voice speaks in an episode: the segments' scripts, and the assistant's
 * answers.
 */
import type { KeptLetter } from '../db/letters.ts'
import { Permanent } from '../errors.ts'
import { unsayable } from '../providers/sayable.ts'
import { fillScript, type Variables } from '../settings/script.ts'
import type { Segment, VoiceSettings } from '../settings/segments.ts'
import type { EditList } from '../edits/edits.ts'

export interface SpokenText {
  /** The edit it belongs to, or its segment as `segmentPlace` names it. */
  readonly place: string
  readonly text: string
  readonly voice: VoiceSettings
}

/** `index` counts the template's own segments from 0. */
export const segmentPlace = (index: number): string => `segment-${index}`

/** Everything that is spoken, in no order. Throws as `scripts` does. */
export function spokenIn(
  { edits }: EditList,
  segments: readonly Segment[],
  variables: Variables,
  letters: readonly KeptLetter[],
  usual: VoiceSettings,
): SpokenText[] {
  return [...scripts(segments, variables, letters, usual), ...answers({ edits }, usual)]
}

/**
 * The segments' scripts as they are spoken. Throws Permanent `missing_variable`, `no_letters` or `provider_rejected` (its
 * voice cannot say it) naming the segment.
 */
export function scripts(
  segments: readonly Segment[],
  variables: Variables,
  letters: readonly KeptLetter[],
  usual: VoiceSettings,
): SpokenText[] {
  const bag = [...letters]
  return segments.flatMap((segment, i): SpokenText[] => {
    if (segment.type === 'content' || segment.source.kind === 'static') return []
    const { source } = segment
    const name = `Segment ${i + 1} (${segment.type})`
    const voice = source.voice ?? usual
    const spoken = (text: string): SpokenText[] => {
      const why = unsayable(voice.provider, text)
      if (why !== undefined) throw new Permanent('provider_rejected', `${name}: ${voice.provider} ${why}`)
      return [{ place: segmentPlace(i), voice, text }]
    }
    if (source.kind === 'spoken') return spoken(fillScript(source.script, variables, name))
    const read = bag.splice(0, source.count)
    if (read.length === 0)
      throw new Permanent(
        'no_letters',
        `${name} reads out listener mail, but there is none. ` +
          'Read a mailbox first, or name the letters in episode.json.',
      )
    const texts = read.map(({ sender: from, subject, text }) =>
      fillScript(source.script, { ...variables, from, subject, text }, name),
    )
    return spoken(texts.join('\n\n'))
  })
}

const answers = ({ edits }: Pick<EditList, 'edits'>, voice: VoiceSettings): SpokenText[] =>
  edits.flatMap(({ id, status, insert }) =>
    status === 'applied' && insert?.sound === 'speech' && insert.text !== null
      ? [{ place: id, text: insert.text, voice }]
      : [],
  )
