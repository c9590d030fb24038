/** Files for a new episode, told apart: recordings, and what belongs to them. Hides what each may be called, and begins with. */

export type Kind = 'recording' | 'words' | 'cover' | 'chapters' | 'template' | 'other'

export interface Dropped {
  readonly file: File
  readonly kind: Kind
  /** What it is called among the uploads. */
  readonly name: string
}

const endings: readonly [Kind, RegExp][] = [
  ['chapters', /^chapters\.(json|vtt|psc|xml|txt)$/i],
  ['template', /^template\.json$/i],
  ['words', /\.(vtt|srt|json)$/i],
  ['cover', /\.(jpe?g|png|webp|gif|tiff?|avif|hei[cf])$/i],
  [
    'recording',
    /\.(mp3|mp2|wave?|w64|rf64|bwf|aif[fc]?|aiff|caf|m4[ab]|mp4|mov|aac|flac|og[ga]|opus|webm|mk[av])$/i,
  ],
]
/** Made by this page. */
const own = /^(episode|podcast|mail)\.json$/i

/** Chapters may be called anything: they are known by what they begin with. */
export async function tellApart(file: File): Promise<Dropped> {
  const told = byName(file)
  const [, ending] = /\.(json|txt)$/i.exec(file.name) ?? []
  const mayBeChapters =
    ending !== undefined && (told.kind === 'words' || told.kind === 'other') && !own.test(file.name)
  return mayBeChapters && areChapters(await file.slice(0, headBytes).text())
    ? { file, kind: 'chapters', name: `chapters.${ending.toLowerCase()}` }
    : told
}

const headBytes = 4096
/** A line begins with a time; or JSON has chapters, and neither words nor captions. */
const areChapters = (head: string): boolean =>
  /^\s*\{/.test(head)
    ? /"chapters"\s*:/.test(head) && !/"(words|segments)"\s*:/.test(head)
    : /^\ufeff?\s*(\d+:)?\d{1,2}:\d{2}([.,]\d+)?\s+[^\s\d-]/.test(head)

function byName(file: File): Dropped {
  const kind = own.test(file.name)
    ? 'other'
    : (endings.find(([, pattern]) => pattern.test(file.name))?.[0] ?? 'other')
  const isWordsJson = kind === 'words' && /\.json$/i.test(file.name) && !/(^|\.)words\.json$/i.test(file.name)
  return { file, kind, name: isWordsJson ? file.name.replace(/\.json$/i, '.words.json') : file.name }
}
