/** What show and episode have in common in a feed that is imported: from the library's shapes to those of our settings. */
import type { PodcastNs } from 'feedsmith'

type Shared = Pick<
  PodcastNs.Item,
  'persons' | 'locations' | 'txts' | 'images' | 'license' | 'chat' | 'values'
>

/** As settings name them; what is not there is undefined. Whether it keeps the rules is judged by the settings' schema. */
export const sharedValues = ({ persons, locations, txts, images, license, chat, values }: Shared) => ({
  persons: persons?.map(({ display: name, ...rest }) => ({ name, ...rest })),
  locations: locations?.map(({ display: name, ...rest }) => ({ name, ...rest })),
  txt: txts?.map(({ display: text, purpose }) => ({ text, ...(purpose === undefined ? {} : { purpose }) })),
  images,
  license:
    license && (license.url === undefined ? license.display : { name: license.display, url: license.url }),
  chat,
  value: values?.[0] && valueOf(values[0]),
})

const valueOf = ({ valueRecipients: recipients, valueTimeSplits: _splits, ...rest }: PodcastNs.Value) => ({
  ...rest,
  recipients,
})

/** Without what is undefined. */
export const defined = (values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))

/** The names of what is there and not among those that are read, as their tags are called. */
export const unread = (given: object | undefined, read: readonly string[], prefix: string): string[] =>
  Object.keys(given ?? {})
    .filter((name) => !read.includes(name))
    .map((name) => `${prefix}${name}`)
