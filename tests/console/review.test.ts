// The review in a browser: a producer decides with the keyboard alone, and the episode is made so; a guest reads a long
// transcript and says what they think.
import { beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { aKey, callerOf } from '../support/callers.ts'
import { aConsole, aPage, barriers, chromiumPath, signIn } from '../support/browser.ts'
import { said, type SaidRecording } from '../support/recordings.ts'
import { user, type World } from '../support/world.ts'

const whereThereIs = chromiumPath === undefined ? test.skip : test

let talk: SaidRecording
beforeAll(async () => {
  talk = await said(
    'The moon is made of cheese.',
    0.7,
    'That was a mistake.',
    0.8,
    'The moon is made of rock.',
    0.8,
    'It is, um, quite far away.',
    0.8,
    'It goes round the earth.',
    1,
  )
})

interface Edit {
  readonly id: string
  readonly kind: string
  readonly status: string
  readonly startSeconds: number
  readonly endSeconds: number
}

/** The episode that waits: its path in the API, and who asks it. */
async function anEpisodeThatWaits(world: World) {
  const ask = callerOf(world, `Bearer ${(await aKey(world, user)).key}`)
  await world.upload(`u/${user}/show/moon/words.json`, talk.words)
  const cleaning = { review: { filler: 'wait' }, pauses: { enabled: false }, maxRemovedShare: 1 }
  await world.upload(`u/${user}/show/moon/template.json`, JSON.stringify({ cleaning }))
  await world.arrive(await world.upload(`u/${user}/show/moon/talk.wav`, talk.wav))
  await world.runToEnd()
  const [{ id }] = (await ask('GET', '/episodes')).body['items'] as [{ id: string }]
  const edits = async () => (await ask('GET', `/episodes/${id}/edits`)).body['edits'] as Edit[]
  return { id, ask, edits }
}

const transcriptOf = (page: Page) => page.getByRole('listbox', { name: 'Transcript' })
const isSaid = (page: Page, what: string) => page.getByRole('status').filter({ hasText: what }).waitFor()

/** Moves the right edge of an edit in the waveform by so many pixels. */
async function dragEdge(page: Page, edit: string, by: number): Promise<void> {
  const edge = page.locator(`.wave [part~="${edit}"] [part~="region-handle-right"]`)
  await edge.hover()
  const { x, y, width, height } = (await edge.boundingBox())!
  await page.mouse.down()
  await page.mouse.move(x + width / 2 + by, y + height / 2, { steps: 4 })
  await page.mouse.up()
}

whereThereIs(
  'A producer cuts words, cuts one edit, keeps another and moves an edge, with nothing lost on a reload, and the episode is made so',
  async () => {
    const site = await aConsole()
    const { id, edits } = await anEpisodeThatWaits(site.world)
    const [mistake, filler] = ['flubber', 'filler'].map(
      (kind) => async () => (await edits()).find((edit) => edit.kind === kind)!,
    ) as [() => Promise<Edit>, () => Promise<Edit>]
    const proposed = await mistake()
    const { page, complaints } = await aPage()
    await signIn(page, site)
    await page.goto(`${site.url}/episodes/${id}/review`)
    await transcriptOf(page).focus()
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key)
    }

    await press('End', 'ArrowLeft', 'Shift+ArrowLeft', 'x')
    await isSaid(page, '2 words cut.')
    expect(await page.locator('.gone').allTextContents()).toEqual(['round ', 'the '])
    await press('u')
    await isSaid(page, 'Undone.')
    expect(await page.locator('.gone').count()).toBe(0)
    await press('U')
    await page.locator('.gone').first().waitFor()

    await page.getByRole('heading', { name: 'Mistake' }).waitFor()
    await press('a')
    const bar = page.getByRole('region', { name: 'What you have decided' })
    await bar.getByText('2 changes · 1 still to decide').waitFor()
    await dragEdge(page, proposed.id, 40)
    await isSaid(page, 'Moved.')

    await press('j')
    await page.getByRole('heading', { name: 'Filler' }).waitFor()
    const sound = page.waitForResponse((response) => response.url().includes('/review/sound'))
    await press('n')
    expect((await sound).status()).toBe(200)
    await press(' ', 'r')
    await bar.getByText('3 changes').waitFor()
    expect(await barriers(page)).toEqual([])
    await page.reload()
    await bar.getByText('3 changes').waitFor()

    await bar.getByRole('button', { name: 'Make it so' }).focus()
    await press('Enter')
    await page.waitForURL(`${site.url}/episodes/${id}`)
    await site.world.runToEnd()
    const made = await edits()
    expect((await filler()).status).toBe('rejected')
    const moved = await mistake()
    expect(moved).toMatchObject({ status: 'applied', startSeconds: proposed.startSeconds })
    expect(moved.endSeconds).toBeGreaterThan(proposed.endSeconds + 0.1)
    expect(made.filter(({ kind }) => kind === 'cut')).toMatchObject([{ status: 'applied' }])
    const [files, title] = [`${site.url}/api/episodes/${id}`, 'moon']
    const episode = (await (await page.request.get(files)).json()) as object
    expect(episode).toMatchObject({ title, status: 'published' })
    expect(complaints).toEqual([])
  },
)

whereThereIs(
  'A guest reads a transcript of 20,000 words in a small page, and comments; a withdrawn link says that it is over',
  async () => {
    const site = await aConsole()
    const { world } = site
    const { id, ask } = await anEpisodeThatWaits(world)
    await aLongTranscript(world, 20_000)
    const shared = (await ask('POST', `/episodes/${id}/shares`, { body: {} })).body as {
      id: string
      url: string
    }
    const { page, complaints } = await aPage({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' })
    await page.goto(shared.url)
    await transcriptOf(page).focus()
    const nodes = () => page.locator('*').count()
    expect(await nodes()).toBeLessThan(2000)
    await page.keyboard.press('End')
    await page.getByRole('option', { name: 'word-19999' }).waitFor()
    expect(await nodes()).toBeLessThan(2000)
    expect(await barriers(page)).toEqual([])
    expect(await page.getByRole('button', { name: /^(Cut|Keep|Make)/ }).count()).toBe(0)

    await page.getByLabel('Your name').fill('Ada')
    await page.getByLabel('What you think of this edit').fill('<i>Leave</i> it in.')
    await page.getByRole('button', { name: 'Say it' }).click()
    await page.getByRole('list', { name: 'Comments' }).getByText('<i>Leave</i> it in.').waitFor()
    const producer = await aPage()
    await signIn(producer.page, site)
    await producer.page.goto(`${site.url}/episodes/${id}/review`)
    await producer.page.getByRole('list', { name: 'Comments' }).getByText('<i>Leave</i> it in.').waitFor()

    await ask('DELETE', `/episodes/${id}/shares/${shared.id}`)
    expect([...complaints, ...producer.complaints]).toEqual([])
    await page.reload()
    await page.getByRole('alert').filter({ hasText: 'expired or was withdrawn' }).waitFor()
  },
)

/** In place of the one that the run has. */
async function aLongTranscript({ storage, services, database }: World, count: number): Promise<void> {
  const words = Array.from({ length: count }, (_, i) => ({
    text: `word-${i}`,
    startSample: i * 16_000,
    endSample: i * 16_000 + 12_000,
    speaker: i % 700 < 350 ? 'Ada' : 'Ben',
    confidence: 1,
  }))
  const text = JSON.stringify({ language: 'en', exactTimes: true, words })
  await storage.bucket(services.config.buckets.work).file('w/long.json').save(text, { resumable: false })
  await database.rows(`UPDATE runs SET context = context || '{"transcriptObject":"w/long.json"}'`)
}
