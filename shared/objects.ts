/**
 * The names of objects in the buckets: the one place that knows the paths of uploads, finished episodes and
 * public files.
 */

/** The object of something derived by a step: the same inputs give the same name. */
export const workName = (userId: string, inputKey: string, name: string): string =>
  `w/${userId}/${inputKey}/${name}`

/** Everything derived by steps for a user lies below. */
export const workFolder = (userId: string): string => `w/${userId}/`

/** A finished episode's file in the private bucket; `hash` stands for everything it was made of. */
export const episodeName = (episodeId: string, hash: string, file: string): string =>
  `e/${episodeId}/${hash}/${file}`

/** All finished versions of an episode lie below. */
export const episodeFolder = (episodeId: string): string => `e/${episodeId}/`

export const publicName = (podcastId: string, episodeId: string, hash: string, file: string): string =>
  `p/${podcastId}/${episodeId}/${hash}/${file}`

/** Where listeners find an episode's audio, whichever version of it; replaced when it is published again. */
export const audioName = (podcastId: string, episodeId: string): string =>
  `p/${podcastId}/${episodeId}/episode.mp3`

/** All public files of an episode lie below. */
export const publicFolder = (podcastId: string, episodeId: string): string => `p/${podcastId}/${episodeId}/`

/** Everything public of a podcast lies below. */
export const podcastFolder = (podcastId: string): string => `p/${podcastId}/`

export const feedName = (podcastId: string): string => `p/${podcastId}/feed.xml`

/** The show's own cover; `hash` stands for the picture it was made of. */
export const coverName = (podcastId: string, hash: string): string => `p/${podcastId}/cover-${hash}.jpg`

/**
 * Text that looks the same is the same: macOS and some browsers write "é" as two characters (NFD), most
 * else as one (NFC). Names that are compared are compared so; objects keep the name they came with.
 */
export const asSeen = (name: string): string => name.normalize('NFC')

/** The names in the bucket under which what looks like `name` may lie, the given one first. */
export const spellings = (name: string): string[] => [
  ...new Set([name, name.normalize('NFC'), name.normalize('NFD')]),
]

/** A path's last part: the file as its producer knows it. */
export const fileOf = (name: string): string => asSeen(name.split('/').at(-1)!)

export const uploadName = (userId: string, podcast: string, episode: string, file: string): string =>
  `u/${userId}/${podcast}/${episode}/${file}`

/** Begins the names of the shows that trials are; no title makes such a name. */
export const trials = 'trial.'

/** Everything that was uploaded for a podcast lies below. */
export const uploadsFolder = (userId: string, podcast: string): string => `u/${userId}/${podcast}/`

/** A name for a podcast or an episode, in characters that need no quoting in a path or an address. */
export const slugOf = (text: string): string =>
  text
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}_-]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 100) || 'untitled'

/** What a show is called whose settings do not say so: capitals make no other show, on whatever way it is begun. */
export const showSlug = (title: string): string => slugOf(title).toLowerCase()

/** Mailboxes of listener mail, and the settings beside them. */
export const mailName = (userId: string, file: string): string => `u/${userId}/mail/${file}`
export const mailSettingsFile = 'mail.json'

const mailPattern = /^u\/(?<userId>[A-Za-z0-9_-]{1,64})\/mail\/(?<file>[^/\p{Cc}]{1,200})$/u

/** Parses `u/{user}/mail/{file}`; undefined for any other path. */
export function parseMailName(name: string): { userId: string; file: string } | undefined {
  const { userId, file } = mailPattern.exec(name)?.groups ?? {}
  return userId === undefined || file === undefined || climbs(file) ? undefined : { userId, file }
}

/** The folder beside a podcast's episodes that holds what its templates name. */
export const assetsFolder = 'assets'
/** Among the assets, the show's own cover: one of these, the first that is there. */
export const showCovers: readonly string[] = ['cover.jpg', 'cover.jpeg', 'cover.png']
/** The covers that a folder no longer has once it brings this file; none for any other file. */
export const otherCovers = (file: string): string[] =>
  showCovers.includes(file) ? showCovers.filter((other) => other !== file) : []
/** A template beside the recording; among the assets, that of the podcast. */
export const templateFile = 'template.json'

export interface UploadPath {
  readonly userId: string
  readonly podcast: string
  readonly episode: string
  readonly file: string
}

const pathPart = String.raw`[^/\p{Cc}]{1,200}`
const climbs = (part: string): boolean => part === '.' || part === '..'
const wholePathPart = new RegExp(`^${pathPart}$`, 'u')

/** Whether a podcast, an episode or a file may be called so. */
export const isPathPart = (text: string): boolean => wholePathPart.test(text) && !climbs(text)

const uploadPattern = new RegExp(
  `^u/(?<userId>[A-Za-z0-9_-]{1,64})/(?<podcast>${pathPart})/(?<episode>${pathPart})/(?<file>${pathPart})$`,
  'u',
)

/**
 * Parses `u/{user}/{podcast}/{episode}/{file}`; undefined for any other path, one that climbs, and one
 * with control characters.
 */
export function parseUploadName(name: string): UploadPath | undefined {
  const { userId, podcast, episode, file } = uploadPattern.exec(name)?.groups ?? {}
  if (userId === undefined || podcast === undefined || episode === undefined || file === undefined)
    return undefined
  return [podcast, episode, file].some(climbs) ? undefined : { userId, podcast, episode, file }
}

/** Files that go with a recording and are uploaded before it. */
export interface Sidecars {
  readonly words: string | undefined
  readonly template: string | undefined
  readonly episode: string | undefined
  readonly podcast: string | undefined
  readonly cover: string | undefined
  readonly chapters: string | undefined
}

const sidecarPatterns: Readonly<Record<keyof Sidecars, RegExp>> = {
  words: /^(?:.*\.)?words\.json$|^(?!chapters\.vtt$).*\.(?:vtt|srt)$/i,
  template: /^template\.json$/i,
  episode: /^episode\.json$/i,
  podcast: /^podcast\.json$/i,
  cover: /\.(?:jpe?g|png|webp|gif|tiff?|avif|hei[cf])$/i,
  chapters: /^chapters\.(?:json|vtt|psc|xml|txt)$/i,
}

/** Whether a file of this name is taken for one of this kind. */
export const servesAs = (kind: keyof Sidecars, file: string): boolean => sidecarPatterns[kind].test(file)

/**
 * What a recording may be called; its content decides whether it is one. A name without an ending says
 * nothing against it.
 */
export const recordingEndings = [
  ...[
    'mp3',
    'mp2',
    'wav',
    'wave',
    'w64',
    'rf64',
    'bwf',
    'aif',
    'aiff',
    'aifc',
    'caf',
    'm4a',
    'm4b',
    'mp4',
    'mov',
  ],
  ...['aac', 'flac', 'ogg', 'oga', 'opus', 'webm', 'mka', 'mkv'],
]
const recordingPattern = new RegExp(`\\.(?:${recordingEndings.join('|')})$`, 'i')
export const isRecording = (file: string): boolean =>
  !isSidecar(file) && (recordingPattern.test(file) || !file.includes('.'))

export const isSidecar = (file: string): boolean =>
  Object.values(sidecarPatterns).some((pattern) => pattern.test(file))

export function findSidecars(files: readonly string[]): Sidecars {
  const find = (kind: keyof Sidecars) => files.find((file) => sidecarPatterns[kind].test(file))
  return {
    words: find('words'),
    template: find('template'),
    episode: find('episode'),
    podcast: find('podcast'),
    cover: find('cover'),
    chapters: find('chapters'),
  }
}
