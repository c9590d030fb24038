// Markup where a producer or a listener writes text: it stays text in all that is made of an episode.
import { createHash } from 'node:crypto'
import { XMLValidator } from 'fast-xml-parser'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { speechLike } from '../support/audio.ts'
import { wav } from '../support/recordings.ts'
import { aSharedWorld, user } from '../support/world.ts'

const sampleRate = 48_000
const attack = `</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>]]>&`
/** What a browser would take for markup. */
const markup = /<script>alert|<img src=x/

describe('An episode whose title, words, chapters and show are markup', () => {
  const files: Record<string, string> = {}
  beforeAll(async () => {
    const world = await aSharedWorld()
    const at = (file: string) => `u/${user}/show/one/${file}`
    await world.upload(
      `u/${user}/show/assets/podcast.json`,
      JSON.stringify({ title: attack, description: attack, author: attack }),
    )
    await world.upload(
      at('episode.json'),
      JSON.stringify({ title: attack, description: attack, speakers: { A: attack } }),
    )
    await world.upload(at('chapters.txt'), `00:00:00 ${attack}\n00:00:02 ${attack}\n`)
    const words = [0.2, 0.8, 1.4].map((start) => ({ text: attack, start, end: start + 0.4, speaker: 'A' }))
    await world.upload(at('words.json'), JSON.stringify({ version: 1, words }))
    await world.arrive(await world.upload(at('talk.wav'), wav(speechLike(sampleRate, 4, 1), sampleRate)))
    await world.runToEnd()
    const { buckets } = world.services.config
    for (const bucket of [buckets.episodes, buckets.public])
      for (const file of (await world.storage.bucket(bucket).getFiles())[0])
        files[file.name.split('/').at(-1)!] = (await file.download())[0].toString('utf8')
  })

  test('has a feed that is XML, with nothing but text in it', () => {
    expect(XMLValidator.validate(files['feed.xml']!)).toBe(true)
    const outsideOfCdata = files['feed.xml']!.replaceAll(/<!\[CDATA\[[^]*?\]\]>/g, '')
    expect(outsideOfCdata).not.toMatch(markup)
    expect(files['feed.xml']).toContain('alert(1)') // as text
  })

  test('has a review page on which nothing runs but its own script', () => {
    const page = files['review.html']!
    expect(page).toContain('alert(1)') // as text
    expect(page).not.toMatch(markup)
    const policy = /http-equiv="content-security-policy" content="([^"]*)"/.exec(page)![1]!
    const allowed = [...policy.matchAll(/'sha256-([^']*)'/g)].map(([, hash]) => hash)
    const pieces = [/<script>([^]*?)<\/script>/g, /<style>([^]*?)<\/style>/g].flatMap((tag) =>
      [...page.matchAll(tag)].map(([, text]) => createHash('sha256').update(text!).digest('base64')),
    )
    expect(pieces).toEqual(allowed)
    expect(policy).toContain(`default-src 'none'`)
  })

  test('has captions, a transcript and chapters with nothing but text in them', () => {
    for (const file of ['transcript.vtt', 'transcript.srt'])
      expect([file, files[file]]).toEqual([file, expect.stringContaining('alert(1)')])
    expect(files['transcript.vtt']).not.toMatch(markup)
    for (const file of ['chapters.json', 'transcript.json', 'manifest.json'])
      expect(() => JSON.parse(files[file]!) as unknown).not.toThrow()
  })
})
