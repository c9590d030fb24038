/** What a template consists of, as its form shows it, and which files it names. */
import { isRecord, textAt, valueAt, type Fields } from './document.ts'

/** A file that a template may name. */
export interface Asset {
  readonly file: string
  readonly bytes: number
  readonly type: string
  readonly url: string
}

export const spokenTypes = ['intro', 'outro', 'commercial', 'transition', 'mail'] as const
export type SegmentType = 'content' | (typeof spokenTypes)[number]

export type SourceKind = 'static' | 'spoken' | 'mail'

export interface Source {
  readonly kind: string
  readonly file: string
  readonly script: string
  readonly count: unknown
}

/** As it is shown: what is not as it should be, as somebody writes it, is left out. */
export interface Segment {
  readonly type: string
  readonly title: string | undefined
  readonly image: string
  readonly source: Source | undefined
}

export interface Bed {
  readonly file: string
  readonly under: readonly string[]
}

export const typeTitles: Readonly<Record<string, string>> = {
  content: 'The recording',
  intro: 'Intro',
  outro: 'Outro',
  commercial: 'Advertisement',
  transition: 'Transition',
  mail: 'Listener mail',
}

/** A template that says nothing of them has the recording alone. */
export const segmentsIn = (template: Fields): readonly unknown[] => {
  const segments = template['segments']
  return Array.isArray(segments) ? segments : [{ type: 'content' }]
}

export const segmentsOf = (template: Fields): readonly Segment[] =>
  segmentsIn(template).map((segment) => {
    const source = valueAt(segment, ['source'])
    const title = textAt(segment, ['title'])
    return {
      type: textAt(segment, ['type']),
      title: title === '' ? undefined : title,
      image: textAt(segment, ['image']),
      source: isRecord(source)
        ? {
            kind: textAt(source, ['kind']),
            file: textAt(source, ['file']),
            script: textAt(source, ['script']),
            count: source['count'],
          }
        : undefined,
    }
  })

export const bedsIn = (template: Fields): readonly unknown[] =>
  Array.isArray(template['music']) ? (template['music'] as unknown[]) : []

export const bedsOf = (template: Fields): readonly Bed[] =>
  bedsIn(template).map((bed) => {
    const under = valueAt(bed, ['under'])
    return { file: textAt(bed, ['file']), under: Array.isArray(under) ? under.map(String) : ['content'] }
  })

/** What a segment is called where it has no title. */
export const titleOf = ({ type, title }: Segment): string => title ?? typeTitles[type] ?? type

export const newSegment = (type: SegmentType): object =>
  type === 'content'
    ? { type }
    : { type, source: type === 'mail' ? { kind: 'mail' } : { kind: 'static', file: '' } }

export const newSource = (kind: SourceKind): object =>
  kind === 'static' ? { kind, file: '' } : kind === 'spoken' ? { kind, script: '' } : { kind }

/** What of the template names the file. */
export function usersOf(template: Fields, file: string): string[] {
  const segments = segmentsOf(template).flatMap((segment, i) =>
    segment.source?.file === file || segment.image === file ? [`segment ${i + 1} (${titleOf(segment)})`] : [],
  )
  const beds = bedsOf(template).flatMap((bed, i) => (bed.file === file ? [`music ${i + 1}`] : []))
  const sounds = valueAt(template, ['cleaning', 'sfx', 'sounds'])
  const said = (Array.isArray(sounds) ? (sounds as Fields[]) : []).flatMap((sound) =>
    sound['file'] === file ? [`the sound for “${String(sound['phrase'])}”`] : [],
  )
  return [...segments, ...beds, ...said]
}

export const isSound = (file: string): boolean =>
  /\.(mp3|wav|wave|flac|m4a|aac|ogg|oga|opus|aiff?|webm|mp4)$/i.test(file)
export const isPicture = (file: string): boolean => /\.(jpe?g|png)$/i.test(file)
