// What is proposed to be said of an episode, in a browser: it is read, picked, used and taken back.
import { expect, test } from '@jest/globals'
import { speechLike } from '../support/audio.ts'
import { aConsole, aPage, barriers, chromiumPath, signIn } from '../support/browser.ts'
import { wav } from '../support/recordings.ts'
import { aChat } from '../support/vendors.ts'
import { user } from '../support/world.ts'

const whereThereIs = chromiumPath === undefined ? test.skip : test
const place = (file: string) => `u/${user}/show/talk/${file}`
const text = 'Welcome to our show about bees and honey here. And now we talk about trains and rails.'.split(
  ' ',
)
const words = text.map((word, i) => ({ text: word, start: 0.1 + i * 0.15, end: 0.22 + i * 0.15 }))
const written = {
  titles: ['On <i>bees</i>', 'All honey'],
  summary: 'A show about bees.',
  notes: [{ line: 1, text: 'Bees and honey.' }],
  chapters: [
    { line: 1, title: 'Bees' },
    { line: 2, title: 'Trains' },
  ],
}

whereThereIs(
  'A producer picks a title and chapters of what a model has proposed, sees them used, and takes them back',
  async () => {
    const vendor = await aChat({ role: 'assistant', content: JSON.stringify(written) })
    const site = await aConsole({ OPENAI_URL: `${vendor.baseUrl}/v1` })
    const { world } = site
    await world.giveKey('openai', 'k-1')
    await world.upload(place('words.json'), JSON.stringify({ version: 1, words }))
    const template = { notes: { provider: 'openai' }, output: { channels: 'mono' }, publish: 'manual' }
    await world.upload(place('template.json'), JSON.stringify(template))
    await world.arrive(await world.upload(place('talk.wav'), wav(speechLike(48_000, 3, 1), 48_000)))
    await world.runToEnd()

    const { page, complaints } = await aPage()
    await signIn(page, site)
    await page.getByRole('link', { name: 'talk' }).first().click()
    const proposed = page.getByRole('region', { name: 'Proposed' })
    await proposed.getByRole('button', { name: 'On bees' }).click()
    await proposed.getByLabel('Use these chapters').check()
    expect(await barriers(page)).toEqual([])
    await proposed.getByRole('button', { name: 'Use what is picked' }).click()
    await page.getByRole('progressbar').waitFor()
    await world.runToEnd()
    await page.getByRole('heading', { level: 1, name: 'On bees' }).waitFor()
    await proposed.getByText('the title “On bees”, chapters.').waitFor()

    await proposed.getByRole('button', { name: 'Take back what is used' }).click()
    await page.getByRole('progressbar').waitFor()
    await world.runToEnd()
    await page.getByRole('heading', { level: 1, name: 'talk' }).waitFor()
    expect(vendor.received).toHaveLength(1)
    expect(complaints).toEqual([])
  },
)
