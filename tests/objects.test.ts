// Where things lie: the paths of uploads taken apart and put together, and what goes with a recording.
import { describe, expect, test } from '@jest/globals'
import { assert, property, string, stringMatching } from 'fast-check'
import {
  episodeName,
  feedName,
  findSidecars,
  isSidecar,
  parseUploadName,
  audioName,
  publicName,
  uploadName,
} from '../shared/objects.ts'

describe('the path of an upload', () => {
  test('is taken apart, in any script', () => {
    expect(parseUploadName('u/anna_B-7/Über Käse/第一集/Gespräch (1).wav')).toEqual({
      userId: 'anna_B-7',
      podcast: 'Über Käse',
      episode: '第一集',
      file: 'Gespräch (1).wav',
    })
    expect(parseUploadName('u/a/🎙️/..one/...')).toEqual({
      userId: 'a',
      podcast: '🎙️',
      episode: '..one',
      file: '...',
    })
  })

  test.each([
    ['empty', ''],
    ['of another tree', 'w/anna/show/one/talk.wav'],
    ['too short', 'u/anna/show/one'],
    ['of a folder', 'u/anna/show/one/'],
    ['too deep', 'u/anna/show/one/two/talk.wav'],
    ['with an empty part', 'u/anna//one/talk.wav'],
    ['from the root', '/u/anna/show/one/talk.wav'],
    ['with a user in another script', 'u/änne/show/one/talk.wav'],
    ['with a user that climbs', 'u/../show/one/talk.wav'],
    ['that climbs', 'u/anna/../one/talk.wav'],
    ['that stays where it is', 'u/anna/show/./talk.wav'],
    ['with a file that climbs', 'u/anna/show/one/..'],
    ['with a line break', 'u/anna/show/one/talk.wav\n'],
    ['with a NUL', 'u/anna/sh\0ow/one/talk.wav'],
    ['with a part too long', `u/anna/show/${'x'.repeat(201)}/talk.wav`],
    ['with a user too long', `u/${'a'.repeat(65)}/show/one/talk.wav`],
  ])('%s is none', (_what, name) => {
    expect(parseUploadName(name)).toBeUndefined()
  })

  test('taken apart and put together again is the same', () => {
    const part = stringMatching(/^[^/\p{Cc}.][^/\p{Cc}]{0,40}$/u)
    assert(
      property(
        stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
        part,
        part,
        part,
        (userId, podcast, episode, file) => {
          expect(parseUploadName(uploadName(userId, podcast, episode, file))).toEqual({
            userId,
            podcast,
            episode,
            file,
          })
        },
      ),
      { numRuns: 200 },
    )
  })

  test('whatever it is, never leaves its tree', () => {
    assert(
      property(string({ maxLength: 40 }), (text) => {
        const path = parseUploadName(`u/anna/${text}`)
        const parts = path ? [path.podcast, path.episode, path.file] : []
        expect(parts.some((part) => part === '..' || part === '.' || part.includes('/') || part === '')).toBe(
          false,
        )
      }),
      { numRuns: 500 },
    )
  })
})

describe('what goes with a recording', () => {
  test.each([
    'words.json',
    'talk.words.json',
    'WORDS.JSON',
    'talk.vtt',
    'talk.SRT',
    'template.json',
    'episode.json',
    'podcast.json',
    'cover.png',
    'a.b.JPEG',
    'chapters.json',
    'Chapters.psc',
    'chapters.txt',
  ])('%s does', (file) => {
    expect(isSidecar(file)).toBe(true)
  })

  test.each([
    'talk.wav',
    'words.json.wav',
    'swords.json',
    'my-template.json',
    'template.json.mp3',
    'jpeg',
    'png.flac',
    'notes.txt',
    'my-chapters.json',
  ])('%s does not: it is a recording', (file) => {
    expect(isSidecar(file)).toBe(false)
  })

  test('is found among other files, each kind once', () => {
    expect(
      findSidecars(['talk.wav', 'notes.txt', 'Cover.JPG', 'talk.words.json', 'talk.srt', 'template.json']),
    ).toEqual({
      words: 'talk.words.json',
      template: 'template.json',
      episode: undefined,
      podcast: undefined,
      cover: 'Cover.JPG',
    })
    expect(findSidecars(['chapters.vtt', 'talk.vtt'])).toMatchObject({
      words: 'talk.vtt',
      chapters: 'chapters.vtt',
    })
    expect(Object.values(findSidecars([])).every((file) => file === undefined)).toBe(true)
  })
})

describe('what is finished', () => {
  test('lies under its episode and the hash of all it was made of', () => {
    expect(episodeName('e1', 'h', 'episode.mp3')).toBe('e/e1/h/episode.mp3')
    expect(publicName('p1', 'e1', 'h', 'cover.jpg')).toBe('p/p1/e1/h/cover.jpg')
    expect(audioName('p1', 'e1')).toBe('p/p1/e1/episode.mp3')
    expect(feedName('p1')).toBe('p/p1/feed.xml')
  })
})
