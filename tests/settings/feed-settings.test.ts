// What a show and an episode may say of themselves: each value as the namespaces define it, and what is wrong is named.
import { describe, expect, test } from '@jest/globals'
import { parseEpisode } from '../../shared/settings/episode.ts'
import { parsePodcast, podcastSettings } from '../../shared/settings/podcast.ts'
import { fullDetails, fullSettings } from '../support/full-show.ts'

const podcast = (settings: object) => parsePodcast(JSON.stringify(settings), 'podcast.json')
const episode = (settings: object) => parseEpisode(JSON.stringify(settings), 'episode.json')

test('everything together is taken', () => {
  expect(podcast(fullSettings)).toMatchObject({ title: 'The Sea', license: { name: 'CC-BY-4.0' } })
  expect(episode(fullDetails)).toMatchObject({ type: 'bonus' })
  expect(podcastSettings({ title: 'Old' })).toMatchObject({ type: 'episodic', persons: [], locked: false })
})

describe('podcast.json may not say', () => {
  test.each<[object, RegExp]>([
    [{ type: 'weekly' }, /type: should be one of episodic, serial, not "weekly"/],
    [{ categories: ['News', 'Arts', 'History'] }, /categories: Apple shows three/],
    [{ categories: ['Tides'] }, /categories #1: .*docs.feed\.md has them all/],
    [{ persons: [{ name: 'A', role: 'boss' }] }, /persons #1, role: no role of the Podcast Taxonomy/],
    [{ persons: [{ name: 'A', group: 'crew' }] }, /persons #1, group: .*there are creative direction, cast/],
    [{ license: 'CC-BYE' }, /license: an identifier of spdx\.org/],
    [{ license: { name: 'mine' } }, /license: an identifier of spdx\.org/],
    [{ locations: [{ name: 'X', geo: '1,2' }] }, /locations #1, geo: as in "geo:/],
    [{ locations: [{ name: 'X', osm: '12' }] }, /locations #1, osm/],
    [{ medium: 'radio' }, /medium: one of podcast, music/],
    [{ guid: 'my-show' }, /guid/],
    [{ updateFrequency: { text: 'x', rrule: 'weekly' } }, /rrule: as in "FREQ=WEEKLY/],
    [{ updateFrequency: { text: 'x', rrule: 'FREQ=DAILY;COUNT=3' } }, /start: a rule with COUNT needs/],
    [{ funding: [{ url: 'javascript:x()', text: 'x' }] }, /funding #1, url/],
    [{ trailers: [{ title: 'x', url: 'https://x.example', date: 'soon' }] }, /trailers #1, date/],
    [{ enclosurePrefix: 'http://op3.dev/e/' }, /begins with https/],
    [{ enclosurePrefix: 'https://127.0.0.1/e/' }, /that listeners can reach/],
    [{ enclosurePrefix: 'https://[fd00::1]/e/' }, /that listeners can reach/],
    [{ enclosurePrefix: 'https://stats.internal/' }, /that listeners can reach/],
    [{ enclosurePrefix: 'https://stats/' }, /that listeners can reach/],
    [{ enclosurePrefix: 'https://x.example/?u=' }, /without \? and #/],
    [{ feedLimit: 0 }, /feedLimit/],
    [{ seasons: { one: 'x' } }, /seasons/],
    [{ aiDisclosure: true }, /aiDisclosure/],
    [{ podroll: [{ feedGuid: 'x' }] }, /podroll #1, feedGuid/],
  ])('%j', (settings, why) => {
    expect(() => podcast(settings)).toThrow(why)
  })
})

describe('episode.json may not say', () => {
  test.each<[object, RegExp]>([
    [{ type: 'extra' }, /type/],
    [{ soundbites: [{ start: -1, duration: 10 }] }, /soundbites #1, start/],
    [{ soundbites: [{ start: 1, duration: 0 }] }, /soundbites #1, duration/],
    [{ link: 'ftp://x.example' }, /link/],
    [{ content: 'x'.repeat(100_001) }, /content/],
    [{ persons: [{ role: 'host' }] }, /persons #1, name/],
    [{ title: 'x'.repeat(300) }, /title: should be at most 255 characters, and has 300/],
    [{ guset: null }, /guset/],
    [{ recordings: null }, /recordings/],
  ])('%j', (settings, why) => {
    expect(() => episode(settings)).toThrow(why)
  })
})
