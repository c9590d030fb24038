/** What show and episode have in common in the feed's Podcasting 2.0 elements, as the feed's library takes it. */
import type { EpisodeDetails } from '../settings/episode.ts'
import { isSpdx, type Licence } from '../settings/feed-values.ts'

type Shared = Pick<EpisodeDetails, 'persons' | 'locations' | 'txt' | 'images' | 'license' | 'chat' | 'value'>

/** What is undefined, or an empty list, makes no element. */
export const sharedElements = ({ persons, locations, txt, images, license, chat, value }: Shared) => ({
  persons: persons.map(({ name: display, ...rest }) => ({ display, ...rest })),
  locations: locations.map(({ name: display, ...rest }) => ({ display, ...rest })),
  txts: txt.map(({ text: display, purpose }) => ({ display, purpose })),
  images,
  license: license && licenceOf(license),
  chat,
  values: value && [valueOf(value)],
})

/** Identifiers of SPDX in small letters, as the namespace asks. */
const licenceOf = ({ name, ...rest }: Licence) => ({
  display: isSpdx(name) ? name.toLowerCase() : name,
  url: 'url' in rest ? rest.url : undefined,
})

const valueOf = ({ recipients, ...rest }: NonNullable<EpisodeDetails['value']>) => ({
  ...rest,
  valueRecipients: recipients,
})
