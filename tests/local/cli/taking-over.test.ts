// A show that is there is not taken over in silence by a folder of the same name.
import { describe, expect, test } from '@jest/globals'
import { takeOver, takesPlace, type TakingOver } from '../../../local/cli/taking-over.ts'
import type { Replaced } from '../../../shared/episode/replaced.ts'
import { podcastSettings } from '../../../shared/settings/podcast.ts'

const known = { title: 'Night talk', author: 'Ada', description: 'On trains.' }
const untouched = { author: 'Your name', description: 'Night talk: say here, in a few sentences, what listeners hear.' } // prettier-ignore
const slug = 'night'
const given = (told: Record<string, unknown>, others: Partial<TakingOver> = {}) =>
  takeOver({
    ...{ slug, known, told: { ...known, slug, ...told }, file: 'other/night/podcast.json' },
    ...{ changesTemplate: true, ...others },
  })

test('a folder of the same name that says more than another title is refused, unless it is said to be the same show', () => {
  for (const more of [{ author: 'Bo' }, { description: 'On ships.' }])
    expect(() => given({ title: 'Day talk', ...more })).toThrow(
      expect.objectContaining({
        code: 'bad_podcast_file',
        message: expect.stringMatching(
          /which is there already \(title.*"slug": "NAME".*--same-show/,
        ) as unknown,
      }),
    )
  expect(given({ title: 'Day talk' })).toContain('title "Night talk" becomes "Day talk"')
})

test('what changes of it is told', () => {
  expect(given({ title: 'Day talk', author: 'Bo' }, { episode: 'On tape', isMeant: true })).toBe(
    'Show      "night" is there already, and changes: title "Night talk" becomes "Day talk", author "Ada" becomes "Bo", ' +
      'its template becomes that of other/night, its episode "On tape" is made anew of this recording.\n' +
      '          If it is another show, let other/night/podcast.json give it a name of its own: "slug": "NAME".\n',
  )
})

test('every setting that its producer had set is told, also one that goes', () => {
  const had = { ...known, category: 'Technology', email: 'ada@example.com', link: 'https://a.example' }
  const told = { description: 'x'.repeat(200), category: 'Arts', link: had.link }
  expect(given(told, { known: had })).toBe(
    `Show      "night" changes: description "On trains." becomes "${'x'.repeat(59)}…, category "Technology" becomes "Arts", ` +
      'email "ada@example.com" goes, its template becomes that of other/night.\n',
  )
})

test('a folder that never was this show is refused, unless it says that it is', () => {
  expect(() => given({ slug: undefined, author: 'Bo' })).toThrow(
    expect.objectContaining({
      code: 'bad_podcast_file',
      message: expect.stringMatching(/author "Ada" becomes "Bo".*"slug": "night".*another title/) as unknown,
    }),
  )
  expect(given({ slug: undefined, description: 'On ships.' })).toContain('description')
})

test('that its template becomes another is told, though nothing else changes', () => {
  expect(given({})).toBe(
    'Show      "night": its template becomes that of other/night, for every episode from now on.\n',
  )
})

test('the same show is no news, nor is one that is filled in', () => {
  const itself = { changesTemplate: false }
  expect(given({}, itself)).toBe('')
  for (const author of ['Your name', podcastSettings({}).author])
    expect(given({ author: 'Ada' }, { ...itself, known: { ...known, author } })).toBe('')
})

test.each([
  [{}, ['author', 'description']],
  [{ author: 'Ada' }, ['description']],
] as const)('what init wrote never replaces what a producer wrote (%j)', (filled, lost) => {
  expect(() => given({ ...untouched, ...filled })).toThrow(
    expect.objectContaining({
      code: 'bad_podcast_file',
      message: expect.stringMatching(new RegExp(`has the ${lost.join(' and the ')} that init wrote`)),
    }),
  )
  const itself = { changesTemplate: false, known: { ...known, ...untouched } }
  expect(given({ ...untouched, title: known.title }, itself)).toBe('')
})

describe('A recording that takes the place of another one', () => {
  const there = { title: 'On tape', isPublished: true, number: 1, season: 1, recordings: ['talk.wav'] }
  const given = (
    number: number | null,
    season: number | null = null,
    isMeant = false,
    replaced: Replaced = there,
  ) =>
    takesPlace(replaced, {
      ...{ episode: 'night/talk', apart: 'call it otherwise' },
      ...{ numbers: { number, season }, isMeant },
    })

  test('is told, with what keeps both', () => {
    for (const said of [
      given(null, null, true),
      given(1),
      given(1, 1),
      given(2, 1, true),
      given(2, 1, false, { ...there, isPublished: false }),
    ])
      expect(said).toMatch(/"On tape", is there already.*It is made anew.*To keep both, call it otherwise/s)
  })

  test('is refused where listeners have that one, and nothing says that it is the same episode', () => {
    for (const numbers of [there, { ...there, number: null, season: null }])
      expect(() => given(null, null, false, numbers)).toThrow(
        expect.objectContaining({
          code: 'already_there',
          message: expect.stringMatching(
            /made of talk.wav. This is another.*call it otherwise.*--same-episode/,
          ) as unknown,
        }),
      )
  })

  test.each([
    [2, null, 'number 2'],
    [1, 2, 'season 2, number 1'],
  ])('is refused where listeners know that one by another number or season (%#)', (number, season, would) => {
    expect(() => given(number, season)).toThrow(
      expect.objectContaining({
        code: 'already_there',
        message: expect.stringMatching(
          `season 1, number 1, and this one would be ${would}.*call it otherwise.*--same-episode`,
        ) as unknown,
      }),
    )
  })
})
