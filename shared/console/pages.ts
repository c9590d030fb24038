/** The console's pages: the module that shows each, its title, and what of the API it asks first. */
import type { Page } from './document.ts'

export interface FoundPage extends Page {
  /** Paths of the API. */
  readonly begins: readonly string[]
}

const id = '([0-9a-f-]{36})'

/** The address without the slash in front; what stands in brackets is handed to `begins`. */
const pages: readonly [
  path: string,
  name: string,
  title: string,
  begins: (id: string) => string[],
  styles?: readonly string[],
][] = [
  ['', 'episodes', 'Episodes', () => ['/episodes?limit=50', '/podcasts?limit=100']],
  ['new', 'new-episode', 'New episode', () => ['/podcasts?limit=100']],
  [`episodes/${id}`, 'episode', 'Episode', (of) => [`/episodes/${of}`, `/episodes/${of}/files`]],
  [`episodes/${id}/review`, 'review', 'Review', () => [], ['review.css']],
  ['shows', 'shows', 'Shows', () => ['/podcasts?limit=100'], ['forms.css']],
  [
    `shows/${id}`,
    'show',
    'Show',
    (of) => [`/podcasts/${of}`, `/podcasts/${of}/template`, `/podcasts/${of}/assets`],
    ['forms.css'],
  ],
  ['letters', 'letters', 'Letters', () => ['/letters?limit=50'], ['forms.css']],
  [
    'settings',
    'settings',
    'Settings',
    () => ['/quota', '/provider-keys', '/api-keys', '/webhooks'],
    ['forms.css'],
  ],
]

const patterns = pages.map(([path, ...rest]) => [new RegExp(`^${path}$`), ...rest] as const)

export function findPage(path: string): FoundPage | undefined {
  for (const [pattern, name, title, begins, styles = []] of patterns) {
    const found = pattern.exec(path)
    if (found) return { name, title, begins: begins(found[1] ?? ''), styles }
  }
  return undefined
}

/** What a guest sees who has the link to a review; nobody signs in for it. */
export const sharedReview: Page = {
  name: 'shared-review',
  title: 'Review',
  isOutside: true,
  styles: ['review.css'],
}
