// The review page as a file in a browser: what waits is seen, a pause is one decision, and a phone has room for it.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { toEditList, type ProposedEdit } from '../../shared/edits/edits.ts'
import { reviewPage } from '../../shared/review/page.ts'
import { analyser } from '../../shared/audio/analysis.ts'
import { aPage, chromiumPath } from '../support/browser.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'spool-page-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const rate = 8000
/** Seconds that two sounds share where they are joined. */
const fade = 0.03
const edit = (kind: ProposedEdit['kind'], from: number, to: number, more = {}): ProposedEdit => ({
  ...{ kind, startSample: from * rate, endSample: to * rate, text: '', detector: 'a test', score: 1 },
  reason: 'A pause of 4.92 s, shortened to 0.5 s.',
  ...more,
})
const proposed = [
  edit('pause', 1, 3),
  edit('filler', 3, 3.5, {
    text: 'um',
    reason: 'A filler word; its start moved -27 ms and its end 1 ms to where it was heard.',
  }),
  edit('pause', 3.5, 5),
  edit('pause', 6, 7),
  edit('flubber', 7.5, 9, { text: 'This is wrong.', reason: 'It was taken back.', status: 'pending' }),
]

const proposal = {
  ...{ by: 'openai', titles: ['<b>On bees</b>', 'All honey'], summary: 'A show "about" bees.' },
  notes: [{ startSeconds: 5, recordedSeconds: 3, text: 'Honey.' }],
  chapters: [{ startSeconds: 5, recordedSeconds: 3, title: 'Bees' }],
}

/** Of ten seconds of nothing. */
function silence() {
  const gather = analyser({ sampleRate: rate, channels: 1, sampleFormat: 's16le' })
  for (let left = 2 * 10 * rate; left > 0; left -= gather.blockBytes)
    gather.add(Buffer.alloc(Math.min(left, gather.blockBytes)))
  return gather.finish()
}

const mp3 = (...options: readonly string[]) =>
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'anullsrc=r=48000:cl=mono'],
    ...[...options, '-f', 'mp3', 'pipe:1'],
  ])

/** Raised in its second half, and heard before and after at one place. */
const restored = () => ({
  gainDb: [0, 9],
  places: [{ startSeconds: 2, endSeconds: 8, unrestored: mp3('-t', '6'), restored: mp3('-t', '6') }],
})

async function written(): Promise<string> {
  const edits = toEditList(proposed, rate)
  const file = path.join(dir, 'review.html')
  const page = reviewPage({
    ...{ title: 'Pilot', podcastTitle: 'Night talk', transcript: undefined, warnings: [] },
    ...{ edits, waiting: edits.edits.filter(({ status }) => status === 'pending') },
    ...{ finished: undefined, restoration: undefined, proposal, restored: restored() },
    analysis: silence(),
    reel: {
      ...{ stretches: [{ startSample: 0, endSample: 10 * rate, frame: 0 }], inserted: {} },
      mp3: [mp3('-t', '11', '-ar', '24000', '-b:a', '32k', '-write_xing', '0', '-id3v2_version', '0')],
    },
  })
  writeFileSync(file, (await Readable.from(page).toArray()).join(''))
  return `file://${file}`
}

const withBrowser = chromiumPath === undefined ? describe.skip : describe

withBrowser('the review page', () => {
  test('at 500 pixels shows every decision, and what waits in the waveform', async () => {
    const { page, complaints } = await aPage({ viewport: { width: 500, height: 900 } })
    await page.goto(await written())
    const places = await page
      .locator('select')
      .evaluateAll((all) => all.map((one) => (one as unknown as DOMElement).getBoundingClientRect().right))
    expect(places).toHaveLength(4)
    expect(Math.max(...places)).toBeLessThanOrEqual(500)
    expect(await page.locator('rect.flubber.undecided').count()).toBe(1)
    expect(complaints).toEqual([])
  })

  test('has one row for a pause with a filler in it, which decides on all of it, and reasons without measurements', async () => {
    const { page } = await aPage()
    await page.goto(await written())
    const rows = await page.locator('tbody tr').allInnerTexts()
    expect(rows.filter((row) => row.includes('pause')).map((row) => /[\d.]+ s/.exec(row)![0])).toEqual([
      ...['3.50 s', '1.00 s'],
    ])
    expect(rows.join(' ')).not.toContain('ms')
    await page.getByLabel('Decision on pause-8000 pause-28000').selectOption('keep it')
    expect(await page.locator('#count').innerText()).toBe('2 decisions')
  })

  test('plays an edit among others as they are decided there, at once', async () => {
    const { page, complaints } = await aPage()
    await page.goto(await written())
    const seconds = async (side: 'before' | 'after') =>
      await page.evaluate<number>(
        `actions.${side}(data.edits['pause-48000']).then((sound) => sound.length / data.reelRate)`,
      )
    expect([await seconds('before'), await seconds('after')]).toEqual([5.8, 5.8 - 1 - fade])
    await page.getByLabel('Decision on flubber-60000').selectOption('cut it')
    expect(await seconds('after')).toBeCloseTo(5.8 - 1 - fade - 1.5 - fade, 6)
    await page.getByLabel('Decision on flubber-60000').selectOption('keep it')
    expect(await seconds('after')).toBeCloseTo(5.8 - 1 - fade, 6)
    await page.getByRole('button', { name: 'after' }).last().click()
    await page.locator('button[aria-pressed=true]', { hasText: 'after' }).waitFor()
    expect(complaints).toEqual([])
  })

  test('draws the gains of restoration, and plays a place before and after, one at a time', async () => {
    const { page, complaints } = await aPage()
    await page.goto(await written())
    expect(await page.locator('polyline.gain').getAttribute('points')).toBe('300.0,80.0 900.0,40.0')
    const sides = ['A before', 'B restored'].map((name) => page.getByRole('button', { name }))
    for (const side of sides) {
      await side.click()
      await page.locator('button[aria-pressed=true]', { hasText: await side.innerText() }).waitFor()
      expect(await page.locator('button[aria-pressed=true]').count()).toBe(1)
    }
    await sides[1]!.click()
    expect(await page.locator('button[aria-pressed=true]').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test('shows what is proposed as text, at times of the episode; what is picked is decided at times of the recording', async () => {
    const { page } = await aPage()
    await page.goto(await written())
    await page.getByLabel('<b>On bees</b>').check()
    await page.getByLabel('Use this description').check()
    expect(await page.locator('.proposed').innerText()).toContain('0:05 Bees')
    const [saved] = await Promise.all([page.waitForEvent('download'), page.locator('#save').click()])
    expect(JSON.parse(readFileSync(await saved.path(), 'utf8'))).toEqual({
      version: 1,
      decisions: [
        {
          decision: 'take',
          title: '<b>On bees</b>',
          summary: 'A show "about" bees.',
          notes: [{ startSeconds: 3, text: 'Honey.' }],
        },
      ],
    })
  })
})

interface DOMElement {
  getBoundingClientRect: () => { right: number }
}
