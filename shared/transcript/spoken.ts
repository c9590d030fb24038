/** What is to be spoken in an episode that nobody said: the segments' scripts, and the answers at an intern's places. */
import { fillScript, type Variables } from '../script.ts'
import type { Segment, VoiceSettings } from '../settings.ts'
import type { EditList } from './edits.ts'

export interface SpokenText {
  /** The edit it belongs to, or its segment as `segmentPlace` names it. */
  readonly place: string
  readonly text: string
  readonly voice: VoiceSettings
}

/** `index` counts the template's own segments from 0. */
export const segmentPlace = (index: number): string => `segment-${index}`

/** Throws Permanent `missing_variable` naming the segment. */
export function spokenIn({ edits }: EditList, segments: readonly Segment[], variables: Variables, usual: VoiceSettings): SpokenText[] {
  return [...scripts(segments, variables, usual), ...answers({ edits }, usual)]
}

/** The scripts as they are spoken. Throws Permanent `missing_variable` naming the segment. */
export const scripts = (segments: readonly Segment[], variables: Variables, usual: VoiceSettings): SpokenText[] =>
  segments.flatMap((segment, i) => {
    if (segment.type === 'content' || segment.source.kind !== 'spoken') return []
    const { script, voice } = segment.source
    return [{ place: segmentPlace(i), text: fillScript(script, variables, `Segment ${i + 1} (${segment.type})`), voice: voice ?? usual }]
  })

const answers = ({ edits }: Pick<EditList, 'edits'>, voice: VoiceSettings): SpokenText[] =>
  edits.flatMap(({ id, status, insert }) =>
    status === 'applied' && insert?.sound === 'speech' && insert.text !== null ? [{ place: id, text: insert.text, voice }] : [],
  )
