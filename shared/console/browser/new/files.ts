/** What is dropped for a new episode, told apart: recordings, and the files that belong to them. Folders are looked into. */

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

export function tellApart(file: File): Dropped {
  const kind = own.test(file.name)
    ? 'other'
    : (endings.find(([, pattern]) => pattern.test(file.name))?.[0] ?? 'other')
  const isWordsJson = kind === 'words' && /\.json$/i.test(file.name) && !/(^|\.)words\.json$/i.test(file.name)
  return { file, kind, name: isWordsJson ? file.name.replace(/\.json$/i, '.words.json') : file.name }
}

/** Every file of a drop, those in folders too. */
export async function filesOf({ items, files }: DataTransfer): Promise<File[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  return entries.length === 0 ? [...files] : (await Promise.all(entries.map(inEntry))).flat()
}

async function inEntry(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [
      await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
    ]
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const found: File[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return found
    for (const inner of some) if (!inner.name.startsWith('.')) found.push(...(await inEntry(inner)))
  }
}

/** Seconds of a recording, as far as the browser can tell; undefined when it cannot. */
export const secondsOf = (file: File): Promise<number | undefined> =>
  new Promise((resolve) => {
    const audio = new Audio()
    const url = URL.createObjectURL(file)
    const done = (seconds: number | undefined) => {
      URL.revokeObjectURL(url)
      resolve(seconds)
    }
    audio.preload = 'metadata'
    audio.onloadedmetadata = () => done(Number.isFinite(audio.duration) ? audio.duration : undefined)
    audio.onerror = () => done(undefined)
    audio.src = url
  })
