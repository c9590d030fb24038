// A producer in a browser: drops a recording, loses the connection, goes on, watches, listens, and brings it out.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Page, Request } from 'playwright-core'
import { parseRssFeed } from 'feedsmith'
import { barriers, chromiumPath } from '../support/browser.ts'
import { aStudio, type Studio } from '../support/studio.ts'

const sampleRate = 192_000
const seconds = 20.5
const headBytes = 72

/** 60 MB that take a while to hear: 64-bit samples, two channels, four times the usual rate; somebody hums in them. */
function largeWav(): Buffer {
  const frames = sampleRate * seconds
  const data = Buffer.alloc(headBytes + frames * 16)
  data.write('RIFF', 0)
  data.writeUInt32LE(headBytes - 8 + frames * 16, 4)
  data.write('WAVEJUNK', 8)
  data.writeUInt32LE(20, 16) // so that the samples lie where a view of them may begin
  data.write('fmt ', 40)
  data.writeUInt32LE(16, 44)
  data.writeUInt16LE(3, 48)
  data.writeUInt16LE(2, 50)
  data.writeUInt32LE(sampleRate, 52)
  data.writeUInt32LE(sampleRate * 16, 56)
  data.writeUInt16LE(16, 60)
  data.writeUInt16LE(64, 62)
  data.write('data', 64)
  data.writeUInt32LE(frames * 16, 68)
  const samples = new Float64Array(data.buffer, data.byteOffset + headBytes, frames * 2)
  for (let i = 0; i < frames; i++) {
    const value =
      0.2 * Math.sin((2 * Math.PI * 220 * i) / sampleRate) * Math.sin((2 * Math.PI * 3 * i) / sampleRate)
    samples[2 * i] = value
    samples[2 * i + 1] = value
  }
  return data
}

const words = [
  'WEBVTT',
  ...['Hello there', 'and welcome', 'to the show'].map(
    (text, i) => `00:0${2 * i}.000 --> 00:0${2 * i + 1}.500\n${text}`,
  ),
].join('\n\n')

const whereThereIs = chromiumPath === undefined ? describe.skip : describe
let studio: Studio
let folder: string
let files: string[]
beforeAll(async () => {
  if (chromiumPath === undefined) return
  folder = mkdtempSync(path.join(tmpdir(), 'spool-drop-'))
  files = [
    ['talk.wav', largeWav()],
    ['talk.vtt', words],
  ].map(([name, content]) => {
    const file = path.join(folder, String(name))
    writeFileSync(file, content!)
    return file
  })
  studio = await aStudio()
})
afterAll(async () => {
  if (chromiumPath !== undefined) await studio.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Plays, and resolves when sound has gone on for a moment. */
const untilHeard = `(element) => new Promise((resolve, reject) => {
  element.ontimeupdate = () => element.currentTime > 0.2 && resolve(element.pause())
  element.play().catch(reject)
})`

const isPiece = (request: Request): boolean =>
  request.method() === 'PUT' && /bytes \d+-/.test(request.headers()['content-range'] ?? '')
const firstByteOf = (request: Request): number =>
  Number(/bytes (\d+)-/.exec(request.headers()['content-range']!)![1])

async function drop(page: Page): Promise<void> {
  await page.locator('input[type=file]').first().setInputFiles(files)
  await page.getByLabel('Title').fill('The first one')
  await page.getByLabel('When it is finished').selectOption('manual')
  await page.getByRole('button', { name: 'Upload and make it' }).click()
}

whereThereIs('A producer', () => {
  test('uploads 60 MB over a connection that breaks and a page that is loaded again, watches, listens and publishes', async () => {
    const page = await studio.page()
    await page.getByRole('link', { name: 'Make the first one' }).click()
    await page.getByRole('heading', { name: 'New episode' }).waitFor()
    expect(await barriers(page)).toEqual([])

    let isBroken = false
    const held = Promise.withResolvers<undefined>()
    await page.route(/upload_id=/, async (route) => {
      const at = isPiece(route.request()) ? firstByteOf(route.request()) : 0
      if (at > 20e6 && !isBroken) {
        isBroken = true
        await route.abort('connectionreset')
      } else if (at > 40e6)
        held.resolve(undefined) // and is never answered
      else await route.continue()
    })
    await page.getByLabel('Name of the new show').fill('Night Talk')
    await drop(page)
    await held.promise
    page.once('dialog', (dialog) => void dialog.accept())
    await page.reload()
    await page.unrouteAll({ behavior: 'ignoreErrors' })

    expect(await page.getByLabel('Title').inputValue()).toBe('The first one')
    const sent: number[] = []
    page.on('request', (request) => {
      if (isPiece(request)) sent.push(firstByteOf(request))
    })
    const asked: string[] = []
    page.on('dialog', (dialog) => {
      asked.push(dialog.type())
      void dialog.accept()
    })
    await page.route(/\/runs\/[^/]+\/events$/, (route) => route.abort('connectionreset'))
    await drop(page)
    await page.waitForURL(/\/episodes\/[0-9a-f-]{36}$/)
    await page.getByText('Spool does not answer').waitFor()
    await page.unrouteAll({ behavior: 'ignoreErrors' })
    expect(asked).toEqual([]) // all had come: nothing is lost by leaving
    expect(Math.min(...sent.filter((at) => at > 0))).toBeGreaterThan(40e6)

    await page.getByRole('progressbar', { name: 'Progress' }).waitFor()
    await page.getByText('It is held, as it should be, until you publish it.').waitFor()
    await page.getByText('welcome').waitFor()
    expect(await barriers(page)).toEqual([])
    const audio = page.locator('audio')
    await audio.evaluate(untilHeard)

    await page.getByRole('button', { name: 'Publish now' }).click()
    await page.getByRole('button', { name: 'Take it back' }).waitFor()
    const { items } = await page.evaluate<{ items: { feedUrl: string }[] }>(
      "fetch('../api/podcasts').then((answer) => answer.json())",
    )
    const feed = parseRssFeed(await (await fetch(items[0]!.feedUrl)).text())
    expect(feed.items!.map(({ title }) => title)).toEqual(['The first one'])
    const enclosure = await fetch(feed.items![0]!.enclosures![0]!.url!)
    expect([enclosure.status, enclosure.headers.get('content-type')]).toEqual([200, 'audio/mpeg'])
    expect(studio.complaints.filter((text) => !text.includes('ERR_CONNECTION_RESET'))).toEqual([])
  })

  test('is told of everything that is wrong before a recording is sent, and nothing is', async () => {
    const page = await studio.page()
    await page.goto(new URL('new', page.url()).href)
    const sent: string[] = []
    page.on('request', (request) => {
      if (isPiece(request)) sent.push(request.url())
    })
    const given = (name: string, mimeType: string) => ({ name, mimeType, buffer: Buffer.from('Dear all') })
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([given('notes.wav', 'audio/wav'), given('cover.png', 'image/png')])
    await page.getByLabel('Title').fill('Not to be')
    await page.getByRole('button', { name: 'Upload and make it' }).click()
    const told = page.locator('.notice.error')
    await told.waitFor()
    expect(await told.innerText()).toMatch(/notes\.wav is text.*\n.*cover\.png cannot be read as a picture/)
    expect(sent).toEqual([])
  })

  test('sees what an episode took, and has it made anew when its template has changed', async () => {
    const page = await studio.page()
    await page.getByRole('link', { name: 'Shows' }).click()
    await page.getByRole('link', { name: 'Night Talk' }).click()
    const path = `api/podcasts/${page.url().split('/').at(-1)!}/template`
    const changed = await page.request.put(new URL(`../${path}`, page.url()).href, {
      headers: { origin: new URL(page.url()).origin },
      data: { revision: '0', template: { publish: 'manual' } },
    })
    expect(changed.status()).toBe(200)
    await page.getByRole('button', { name: 'See what would change' }).click()
    const due = page.getByRole('list', { name: 'Episodes to make anew' })
    await due.getByText('changed: its template').waitFor()
    expect(await barriers(page)).toEqual([])
    await page.getByRole('button', { name: 'Make it anew' }).click()
    await due.getByText('made anew').waitFor()
    await due.getByRole('link', { name: 'The first one' }).click()
    await page.getByLabel('What it took').waitFor()
  })

  test('finds it again by keyboard alone, and is told of what is not there', async () => {
    const page = await studio.page()
    expect(await barriers(page)).toEqual([])
    const tabTo = async (name: string) => {
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press('Tab')
        if ((await page.evaluate('document.activeElement.textContent.trim()')) === name) return
      }
      throw new Error(`Nothing called "${name}" can be reached by the tab key.`)
    }
    await tabTo('The first one')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/episodes\/[0-9a-f-]{36}$/)
    await page.getByText('published', { exact: true }).waitFor()
    await page.goto(new URL('../nowhere', page.url()).href)
    await page.getByRole('heading', { name: 'Not found' }).waitFor()
    expect(await barriers(page)).toEqual([])
  })
})
