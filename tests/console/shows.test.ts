// A producer in a browser sets up a show, its template and files, reads letters, and keeps keys and webhooks.
import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { aConsole, aPage, barriers, chromiumPath, signIn } from '../support/browser.ts'
import { message } from '../support/mailboxes.ts'
import { user, type World } from '../support/world.ts'

const whereThereIs = chromiumPath === undefined ? describe.skip : describe
let site: { readonly world: World; readonly url: string }
let page: Page
/** A browser notes whatever is refused; what a script has done wrong is no refusal. */
let complaints: () => readonly string[]
beforeEach(async () => {
  if (chromiumPath === undefined) return
  const [own, opened] = await Promise.all([aConsole(), aPage()])
  site = own
  page = opened.page
  complaints = () => opened.complaints.filter((text) => !text.startsWith('Failed to load resource'))
  page.on('dialog', (dialog) => void dialog.accept())
  await signIn(page, site)
})

/** A page of the console, by its name in the way around. */
async function open(name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click()
  await page.getByRole('heading', { level: 1, name }).waitFor()
}

/** What the API answers this page's user. */
async function asked(path: string, change?: object): Promise<Record<string, unknown>> {
  const answer = await page.request.fetch(`${site.url}/api${path}`, {
    headers: { origin: site.url },
    ...(change === undefined ? {} : { method: 'PUT', data: change }),
  })
  return (await answer.json()) as Record<string, unknown>
}

const showId = (): string => page.url().split('/').at(-1)!
const section = (name: string) => page.getByRole('region', { name, exact: true })
const saved = async (name: string): Promise<void> => {
  await section(name).getByRole('button', { name: 'Save', exact: true }).click()
  await section(name).getByText('Saved.').waitFor()
}
const file = (name: string, mimeType: string, buffer: Buffer) => ({ name, mimeType, buffer })

whereThereIs('A show', () => {
  test('is begun, described with every mistake at its field, given a cover, changed by two at once with nothing lost, and deleted', async () => {
    await open('Shows')
    expect(await barriers(page)).toEqual([])
    await page.getByRole('button', { name: 'Begin a show' }).click()
    await page.getByLabel(/^Name(?! of)/).fill('Night & Day: Talk')
    expect(await page.getByLabel('Name of its folder').inputValue()).toBe('night-day-talk')
    await page.getByRole('button', { name: 'Begin', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Night & Day: Talk' }).waitFor()

    await page.getByLabel('Author').fill('Ada')
    await page.getByLabel('Category', { exact: true }).fill('Telly')
    const complaint = page.locator('#field-category-error')
    await complaint.getByText(/Apple's list of categories has no such one/).waitFor()
    expect(await page.getByLabel('Category', { exact: true }).getAttribute('aria-invalid')).toBe('true')
    await page.getByLabel('Category', { exact: true }).fill('Arts:Food')
    await complaint.waitFor({ state: 'detached' })
    await saved('Settings')
    const podcast = `/podcasts/${showId()}`
    expect(await asked(podcast)).toMatchObject({ settings: { author: 'Ada', category: 'Arts:Food' } })

    const picture = sharp({ create: { width: 1600, height: 1500, channels: 3, background: '#335577' } })
    await page
      .getByLabel('A picture')
      .setInputFiles(file('mine.png', 'image/png', await picture.png().toBuffer()))
    await page.getByText(/cropped to a square, then saved as a JPEG/).waitFor()
    await page.getByRole('button', { name: 'Use this cover' }).click()
    await page.getByAltText('The cover of the show').waitFor()
    expect(await asked(`${podcast}/assets`)).toMatchObject({ items: [{ file: 'cover.png' }] })

    await page.getByRole('button', { name: 'Check this feed' }).click()
    await page.getByText(/nothing of it is published/).waitFor()
    expect(await barriers(page)).toEqual([])

    const { revision, settings } = (await asked(podcast)) as { revision: number; settings: object }
    await asked(podcast, { revision, settings: { ...settings, author: 'Berta' } })
    await page.getByLabel('Description').fill('Mine.')
    await section('Settings').getByRole('button', { name: 'Save', exact: true }).click()
    const conflict = page.getByRole('alert').filter({ hasText: 'changed elsewhere' })
    await conflict.getByText('The two differ in: description, author.').waitFor()
    expect(await page.getByLabel('Description').inputValue()).toBe('Mine.')
    await conflict.getByRole('button', { name: 'Take the newer ones' }).click()
    expect(await page.getByLabel('Author').inputValue()).toBe('Berta')
    await page.getByLabel('Description').fill('Ours.')
    await saved('Settings')
    expect(await asked(podcast)).toMatchObject({ settings: { author: 'Berta', description: 'Ours.' } })

    await page.getByText('Delete it for good…').click()
    await page.getByLabel('Write “night-day-talk” to confirm').fill('night-day-talk')
    await page.getByRole('button', { name: /^Delete the show/ }).click()
    await page.getByText('No show yet.').waitFor()
    expect(complaints()).toEqual([])
  })

  test('has a template whose segments are ordered by keyboard alone, and which is the same as a form and as JSON', async () => {
    await open('Shows')
    await page.getByRole('button', { name: 'Begin a show' }).click()
    await page.getByLabel(/^Name(?! of)/).fill('Keys')
    await page.getByRole('button', { name: 'Begin', exact: true }).click()
    await page
      .getByLabel('Upload files')
      .setInputFiles([file('hello.mp3', 'audio/mpeg', Buffer.alloc(2000, 1))])
    await page.getByText('hello.mp3: uploaded').waitFor()
    const template = section('Template')
    await template.getByRole('button', { name: '+ Intro' }).press('Enter')
    await template.getByLabel('File', { exact: true }).selectOption('hello.mp3')
    await template.getByRole('button', { name: '+ Transition' }).press('Enter')
    await template.getByLabel('What is heard').selectOption('spoken')
    await template.getByLabel('Text', { exact: true }).fill('This is ')
    await template.getByRole('button', { name: '{guest}' }).press('Enter')
    const order = () => template.locator('.handle').allInnerTexts()
    expect(await order()).toEqual([
      expect.stringMatching(/^1\. Intro/),
      expect.stringMatching(/^2\. Transition/),
      expect.stringMatching(/^3\. The recording/),
    ])
    await template.getByRole('button', { name: /^2\. Transition/ }).focus()
    await page.keyboard.press('Alt+ArrowDown')
    await template.getByText('Transition is now 3 of 3.').waitFor()
    await page.keyboard.press('Alt+ArrowUp') // the keyboard went along
    await page.keyboard.press('Alt+ArrowUp')
    await template.getByText('Transition is now 1 of 3.').waitFor()
    expect(await template.getByLabel('Text', { exact: true }).inputValue()).toBe('This is {guest}') // and so did what was open

    await template.getByLabel('Home').check()
    await template.getByRole('button', { name: 'JSON' }).click()
    const text = template.getByLabel('The template as JSON')
    const written = JSON.parse(await text.inputValue()) as { segments: { type: string }[] }
    expect(written.segments.map(({ type }) => type)).toEqual(['transition', 'intro', 'content'])
    await text.fill('{\n  "loudness": { "targetLufs": 3 }\n}')
    await template.getByText(/^Line 2 · loudness\.targetLufs/).waitFor()
    await text.fill('{\n  "loudness": {,\n}')
    await template.getByText('Line 2: column 16').waitFor()
    expect(await template.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true)
    expect(await barriers(page)).toEqual([])
    await text.fill(JSON.stringify({ ...written, loudness: { targetLufs: -14 } }))
    await template.getByRole('button', { name: 'Form' }).click()
    expect(await template.getByLabel('Loudness (LUFS)').inputValue()).toBe('-14')
    await saved('Template')
    expect(await asked(`/podcasts/${showId()}/template`)).toMatchObject({
      template: {
        restore: 'home',
        loudness: { targetLufs: -14 },
        segments: [
          { type: 'transition', source: { kind: 'spoken', script: 'This is {guest}' } },
          { type: 'intro', source: { kind: 'static', file: 'hello.mp3' } },
          { type: 'content' },
        ],
      },
    })
    const deletes = section('Files').getByRole('button', { name: 'Delete hello.mp3' })
    expect(await deletes.isDisabled()).toBe(true)
    await template.getByRole('button', { name: 'Hear it' }).click()
    await template.getByLabel('The voice').waitFor()
    expect(complaints()).toEqual([])
  })
})

whereThereIs('Letters', () => {
  test('are added by a mailbox, read, and picked for the next episode', async () => {
    await open('Letters')
    const mbox = ['ann', 'bob']
      .map(
        (name) =>
          `From ${name}@mail.test Sun Nov 22 10:00:00 2026\n${message(name, `${name}@mail.test`, `From ${name}`, `Hello from ${name}.`)}`,
      )
      .join('\n')
    await page
      .getByLabel('Add a mailbox')
      .setInputFiles(file('show.mbox', 'application/mbox', Buffer.from(mbox)))
    await page.getByText('Waiting to be read…').waitFor()
    const { buckets } = site.world.services.config
    const [mailbox] = await site.world.services.storage.list(buckets.uploads, `u/${user}/mail/`)
    await site.world.arrive({ bucket: buckets.uploads, ...mailbox! })
    await site.world.runToEnd()
    await page.getByText('2 messages are read.').waitFor()
    await page.getByText('From bob', { exact: true }).click()
    await page.getByText('Hello from bob.').waitFor()
    await page.getByLabel('Pick “From bob” for the next episode').check()
    await page.getByText(/One letter is picked for the next episode/).waitFor()
    const picked = JSON.parse(await page.evaluate<string>(`localStorage.getItem('spool.letters')`)) as unknown
    expect(picked).toEqual([{ id: expect.stringMatching(/^[\da-f-]{36}$/), subject: 'From bob' }])
    await page.getByText('From ann', { exact: true }).click()
    await page.getByRole('button', { name: 'Delete “From ann”' }).click()
    await page.getByText('From ann', { exact: true }).waitFor({ state: 'detached' })
    expect(await barriers(page)).toEqual([])
    expect(complaints()).toEqual([])
  })
})

whereThereIs('Settings', () => {
  test('take keys, show new ones once, tell webhooks, and delete everything when that is meant', async () => {
    await open('Settings')
    await page.getByLabel('Key of Deepgram').fill('dg-very-secret')
    await page.getByRole('button', { name: 'Give the key of Deepgram' }).click()
    await page.getByText(/A key is kept since/).waitFor()
    expect(await page.content()).not.toContain('dg-very-secret')
    await page.getByRole('button', { name: 'Forget the key of Deepgram' }).click()
    await page.getByText(/A key is kept since/).waitFor({ state: 'detached' })

    await page.getByLabel('Name of another key').fill('laptop')
    await page.getByRole('button', { name: 'Make a key' }).click()
    expect(await page.getByLabel('Key “laptop”', { exact: true }).inputValue()).toMatch(/^spool_/)
    await page.getByRole('button', { name: 'Revoke laptop' }).click()
    await page.getByRole('button', { name: 'Revoke laptop' }).waitFor({ state: 'detached' })

    await page.getByText('Add a webhook').click()
    await page.getByLabel('Address', { exact: true }).fill('https://hooks.example.org/spool')
    await page.getByLabel('A limit is near').uncheck()
    await page.getByRole('button', { name: 'Add the webhook' }).click()
    expect(await page.getByLabel('Secret of the webhook', { exact: true }).inputValue()).toMatch(/^whsec_/)
    await page.getByRole('button', { name: 'What was told to https://hooks.example.org/spool' }).click()
    await page.getByText('Nothing yet. It is kept for thirty days.').waitFor()
    expect(await barriers(page)).toEqual([])
    await page.getByRole('button', { name: 'Remove https://hooks.example.org/spool' }).click()
    await page.getByText('None yet.').nth(1).waitFor()

    await page.getByText('Delete everything…').click()
    const farewell = page.getByRole('button', { name: 'Delete everything for good' })
    expect(await farewell.isDisabled()).toBe(true)
    await page.getByLabel('Write “delete everything” to confirm').fill('delete everything')
    await farewell.click()
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    expect(complaints()).toEqual([])
  })
})
