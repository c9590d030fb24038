// What people type is found: names with spaces and endings, titles of shows; and messages say commands as they are typed.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import type { Client } from '../../../local/client/client.ts'
import { episodesMeant, findPodcast, mistypedOf, newShow, noEpisode } from '../../../local/client/names.ts'
import { quoted } from '../../../local/cli/quoted.ts'

test.each([
  ['pilot', [{ podcast: undefined, slug: 'pilot' }]],
  ['My talk.wav', ['My talk.wav', 'My-talk'].map((slug) => ({ podcast: undefined, slug }))],
  ['trial.a/a', [{ podcast: 'trial.a', slug: 'a' }, { podcast: 'trial-a', slug: 'a' }]], // prettier-ignore
  ['Über Show/zwei', ['Über Show', 'Über-Show', 'über-show'].map((podcast) => ({ podcast, slug: 'zwei' }))], // prettier-ignore
])('%s may be %j', (typed, meant) => {
  expect(episodesMeant(typed)).toEqual(meant)
})

test('a name that nothing has is answered with the names there are', () => {
  const others = Array.from({ length: 6 }, (_, i) => ({ podcast: 'show', slug: `e${i}` }))
  expect(noEpisode('demo', others).message).toMatch(/"demo"\. There are: show\/e0, .*show\/e4, … \(/)
  expect(noEpisode('demo', []).message).toBe('There is no episode "demo".')
})

test('a name almost as an episode has it is asked about, whatever its accents', () => {
  const others = ['Gärten-im-Frühling', 'Boote'].map((slug) => ({ podcast: 'über-land', slug }))
  for (const typed of ['garten-im-fruhling', 'Gärten-in-Frühling', 'uber-land/garten-im-fruhling'])
    expect(noEpisode(typed, others).message).toContain('Did you mean "über-land/Gärten-im-Frühling"?')
  expect(noEpisode('demo', others).message).not.toContain('Did you mean')
})

const podcasts = [
  { slug: 'Über-Show', settings: { title: 'Über Show' } },
  { slug: 'night', settings: { title: 'Night talk' } },
  { slug: 'Talk', settings: { title: 'One' } },
  { slug: 'talk', settings: { title: 'Two' } },
]
const client = { items: () => podcasts.values() } as unknown as Client

test.each([
  ['Über Show', 'Über-Show'],
  ['über-show', 'Über-Show'],
  ['night talk', 'night'],
  ['talk', 'talk'],
  ['TALK', undefined], // either could be meant
  ['none', undefined],
])('the podcast %s is %s', async (typed, slug) => {
  expect((await findPodcast(client, typed))?.slug).toBe(slug)
})

test('a show that is new beside others is told, with the likeliest first; trials are no shows', () => {
  const trial = { slug: 'trial.talk', settings: { title: 'My podcast' } }
  expect([newShow('night-tlk', []), newShow('night-tlk', [trial])]).toEqual(['', ''])
  expect(newShow('nigth', podcasts)).toBe(
    'Show      "nigth" is a new one. Did you mean "night"? There are also: Über-Show, Talk, talk.\n',
  )
  expect(newShow('Elsewhere', [trial, podcasts[1]!], 'x/podcast.json')).toMatch(
    /There are: night\. If it is one of these under a new title, let x\/podcast\.json say which: "slug": "NAME"/,
  )
})

test('a path stands in a printed command so that a shell takes it for one word', () => {
  expect(['my-show', 'Über Show', "Ada's"].map(quoted)).toEqual(['my-show', "'Über Show'", `'Ada'\\''s'`])
})

test('messages name commands as they are typed', () => {
  const root = path.join(import.meta.dirname, '../../..')
  const bare =
    /(?<![/\w.-])spool (?:list|download|review|assemble|upload|publish|key|api-key|ears|console|doctor)\b/
  const found = ['local', 'shared', 'functions'].flatMap((room) =>
    readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) =>
        readFileSync(path.join(root, room, file), 'utf8')
          .split('\n')
          .filter((line) => bare.test(line) && !/^\s*(\/?\*|\/\/)/.test(line))
          .map((line) => `${file}: ${line.trim()}`),
      ),
  )
  expect(found).toEqual([])
})

test.each([
  ['nigth', 'night'],
  ['night2', undefined], // numbered on
  ['my sohw', 'my-show'],
  ['My Show 2', undefined],
  ['bread', undefined],
  ['trial.a', undefined],
])('%s is mistyped of %s', (typed, meant) => {
  const shows = ['night', 'night1', 'my-show-1', 'my-show', 'trial.ab'].map((slug) => ({
    slug,
    settings: { title: slug },
  }))
  expect(mistypedOf(typed, shows)).toBe(meant)
})

test.each([
  ['Bienen, Honig & Wachs', 'bees'],
  ['Uber Grosse', 'über-größe'],
  ['Ueber uns', undefined],
])('%s, as a title that several have or without its accents, means %s', (typed, meant) => {
  const shows = [
    { slug: 'bees', settings: { title: 'Bienen, Honig & Wachs' } },
    { slug: 'wax', settings: { title: 'Bienen, Honig & Wachs' } },
    { slug: 'über-größe', settings: { title: 'Größer als groß' } },
  ]
  expect(mistypedOf(typed, shows)).toBe(meant)
})
