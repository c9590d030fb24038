// Listener mail through the real function: whatever a mailbox holds and whatever dies on the way, every
// message is accounted for once.
import { describe, expect, test } from '@jest/globals'
import { withDatabase } from '../../shared/db/connect.ts'
import { countLeftOut, countOutcomes } from '../../shared/db/mail-messages.ts'
import { startMailRun } from '../../shared/db/runs.ts'
import { findMessages, readMessages } from '../../shared/mail/mailbox.ts'
import type { ObjectStore } from '../../shared/storage.ts'
import { generateMbox, message, ownAddress } from '../support/mailboxes.ts'
import { aWorld, user, type World } from '../support/world.ts'
import { zipOf } from '../support/zips.ts'

const letter = (id: number, body = `Here is letter number ${id}.`) =>
  message(`m-${id}`, `Ada <ada-${id}@mail.test>`, `Letter ${id}`, body)
const separator = 'From ada@mail.test Sun Nov 22 10:00:00 2026\n'
const mbox = (...messages: string[]) => messages.map((text) => `${separator}${text}\n`).join('')

/** Where the world hands mail in; the run is the newest. */
async function drop(world: World, data: string | Buffer, file = 'box.mbox'): Promise<string> {
  await world.arrive(await world.upload(`u/${user}/mail/${file}`, data))
  const [run] = await world.database.rows<{ id: string }>(
    'SELECT id FROM runs ORDER BY created_at DESC LIMIT 1',
  )
  return run!.id
}
const outcomes = (world: World, runId: string) =>
  withDatabase(world.services.config.databaseUrl, (db) => countOutcomes(db, runId))
const texts = async (world: World) =>
  (
    await world.database.rows<{ body: string }>(
      `SELECT body FROM letters WHERE outcome = 'letter' ORDER BY run_id, position`,
    )
  ).map(({ body }) => body)
const reasons = async (world: World) =>
  (
    await world.database.rows<{ reason: string }>(
      `SELECT reason FROM letters WHERE outcome = 'failed' ORDER BY position`,
    )
  ).map(({ reason }) => reason)

async function readAll(data: string | Buffer, file?: string, env: Record<string, string> = {}) {
  const world = await aWorld({ env })
  const runId = await drop(world, data, file)
  await world.runToEnd()
  return { world, runId, run: await world.run(runId) }
}

describe('A mailbox', () => {
  test.each([
    ['as it should be', mbox(letter(1), letter(2))],
    ['with CRLF', mbox(letter(1), letter(2)).replaceAll('\n', '\r\n')],
    ['without a last line end', mbox(letter(1), letter(2)).trimEnd()],
    ['after a byte order mark', `\uFEFF${mbox(letter(1), letter(2))}`],
    ['after empty lines', `\n\n${mbox(letter(1), letter(2))}`],
    ['with separators that bear no date', mbox(letter(1), letter(2)).replaceAll(separator, 'From \n')],
    [
      'with separators that follow no blank line',
      mbox(letter(1), letter(2)).replaceAll('\n\nFrom ', '\nFrom '),
    ],
    [
      'with bare separators that follow no blank line',
      mbox(letter(1), letter(2)).replaceAll(separator, 'From \n').replaceAll('\n\nFrom ', '\nFrom '),
    ],
    ['with carriage returns alone', mbox(letter(1), letter(2)).replaceAll('\n', '\r')],
    ['with long headers first', mbox(letter(1), `X-Signature: ${'a'.repeat(3000)}\n${letter(2)}`)],
  ])('is read %s', async (_what, data) => {
    const { world, run } = await readAll(data)
    expect(run).toMatchObject({
      status: 'finished',
      processed: 2,
      total: 2,
      episodeId: null,
      mailbox: `u/${user}/mail/box.mbox`,
    })
    expect(await texts(world)).toEqual(['Here is letter number 1.', 'Here is letter number 2.'])
  })

  test('keeps a line that begins with From, marked or not', async () => {
    const { world } = await readAll(
      mbox(
        letter(1, 'Dear show,\n\n>From the heart: thanks.\n\n>>From Ada to all.'),
        letter(2, 'Dear show,\n\nFrom the start I liked it.\nBye'),
      ),
    )
    expect(await texts(world)).toEqual([
      'Dear show,\n\nFrom the heart: thanks.',
      'Dear show,\n\nFrom the start I liked it.\nBye',
    ])
  })

  test.each([
    ['says From', 'I love the show.\n\nFrom my point of view it is the best of all.\nP.S.: keep going!'],
    ['quotes a separator', 'Look:\n\nFrom bob@example.net Mon Jan  5 09:00:00 2026\n\nIs that a name?'],
    ['quotes one and a label', 'Look:\n\nFrom bob@example.net Mon Jan  5 09:00:00 2026\nP.S.: odd'],
  ])('keeps a letter whole that %s', async (_what, body) => {
    const { world, run } = await readAll(mbox(letter(1, body), letter(2)))
    expect(run).toMatchObject({ status: 'finished', total: 2 })
    expect(await texts(world)).toEqual([body, 'Here is letter number 2.'])
  })

  test('of one message with blanks before its colons is read', async () => {
    const { world, run } = await readAll('From  : ann@mail.test\nSubject : Hi\n\nMine.', 'one.eml')
    expect([run.total, await texts(world)]).toEqual([1, ['Mine.']])
  })

  test('says of its letters what is left out, and of other mail what it was', async () => {
    const files = 'Content-Type: multipart/mixed; boundary=cut\n'
    const body = (text: string) => `--cut\n\n${text}\n--cut\nContent-Type: image/png\n\nAAAA\n--cut--`
    const { world, runId } = await readAll(
      mbox(
        message('a', 'a@mail.test', 'Files', body('Mine.'), files),
        message('b', 'b@mail.test', 'Long', 'word '.repeat(10_000)),
        message('c', 'c@mail.test', 'Away', 'I am away.', 'Auto-Submitted: auto-replied\n'),
        message('d', 'MAILER-DAEMON@mail.test', 'Failed', 'Sorry.'),
      ),
    )
    const { databaseUrl } = world.services.config
    const leftOut = await withDatabase(databaseUrl, (db) => countLeftOut(db, runId))
    expect(leftOut).toEqual({ withAttachments: 1, cut: 1 })
    expect(await outcomes(world, runId)).toEqual({ letter: 2, duplicate: 0, own: 0, failed: 2 })
    expect(await reasons(world)).toEqual([
      expect.stringMatching(/automatic reply/),
      expect.stringMatching(/MAILER-DAEMON/),
    ])
  })

  test('in a zip is read by parts, each from its place in the directory', async () => {
    const many = Array.from({ length: 230 }, (_, i) => ({ name: `${i}.eml`, data: letter(i) }))
    const { run, world } = await readAll(zipOf(many), 'box.zip')
    expect(run).toMatchObject({ status: 'finished', processed: 230 })
    expect(new Set(await texts(world)).size).toBe(230)
  })

  test('of one message is read, too', async () => {
    const { world, run } = await readAll(letter(1, '>From is quoted here\nMine.'), 'one.eml')
    expect([run.status, await texts(world)]).toEqual(['finished', ['Mine.']])
  })

  test('in a zip is read, folders and odd names and all, each broken entry for itself', async () => {
    const zip = zipOf([
      { name: 'mail/', data: '' },
      { name: 'mail/2026/one.eml', data: letter(1) },
      { name: '__MACOSX/mail/._one.eml', data: 'x' },
      { name: 'mail/.hidden.eml', data: 'x' },
      { name: 'mail/readme.txt', data: 'x' },
      { name: '../../etc/two.EML', data: letter(2) },
      { name: 'C:\\mail\\three.eml', data: letter(3) },
      { name: 'secret.eml', data: letter(4), encrypted: true },
      {
        name: 'spoilt.eml',
        data: letter(5).repeat(50),
        spoil: (packed) => Buffer.concat([Buffer.alloc(9, 0xff), packed.subarray(9)]),
      },
      { name: 'liar.eml', data: letter(6), claims: 10 },
      { name: 'bomb.eml', data: letter(7), claims: 300 * 1024 * 1024 },
      { name: 'last.eml', data: letter(8) },
    ])
    const { world, run, runId } = await readAll(zip, 'box.zip')
    expect(run).toMatchObject({ status: 'finished', processed: 8, total: 8 })
    expect(await outcomes(world, runId)).toEqual({ letter: 4, duplicate: 0, own: 0, failed: 4 })
    expect((await texts(world)).join()).toMatch(/1.*2.*3.*8/s)
    expect(await reasons(world)).toEqual(
      [/encrypt/, /unpacked/, /bytes/, /limit/].map((why) => expect.stringMatching(why)),
    )
  })

  test.each<[string, string | Buffer, string]>([
    ['nothing', '', 'bad_mailbox'],
    ['a zip without messages', zipOf([{ name: 'a.txt', data: 'x' }]), 'bad_mailbox'],
    ['an empty zip', zipOf([]), 'bad_mailbox'],
    ['a zip cut short', zipOf([{ name: 'a.eml', data: letter(1) }]).subarray(0, 80), 'bad_mailbox'],
    ['no mail at all', 'Dear diary,\nnothing here.', 'bad_mailbox'],
    ['a sentence that begins with From', 'From my point of view\nit is no mail.', 'bad_mailbox'],
    ['a data file of Outlook', '!BDN and so on', 'bad_mailbox'],
    ['too many messages', mbox(...Array.from({ length: 6 }, (_, i) => letter(i))), 'too_many_messages'],
  ])('of %s is refused, and says why', async (_what, data, code) => {
    const { run } = await readAll(data, 'box', { MESSAGES_PER_RUN: '5' })
    expect(run).toMatchObject({
      status: 'failed',
      stopReason: code,
      processed: 0,
      errorMessage: expect.stringMatching(/box/),
    })
  })

  test('tells the show’s own mail from letters', async () => {
    const world = await aWorld()
    await world.upload(`u/${user}/mail/mail.json`, JSON.stringify({ own: [ownAddress.toUpperCase()] }))
    const runId = await drop(
      world,
      mbox(letter(1), message('own', `Show <${ownAddress}>`, 'Re', 'Thank you.')),
    )
    await world.runToEnd()
    expect(await outcomes(world, runId)).toEqual({ letter: 1, duplicate: 0, own: 1, failed: 0 })
    expect(await texts(world)).toEqual(['Here is letter number 1.'])
  })

  test('beside settings that cannot be used fails, and says why', async () => {
    for (const settings of ['{"own":', JSON.stringify({ own: ['x'.repeat(40_000)] })]) {
      const world = await aWorld()
      await world.upload(`u/${user}/mail/mail.json`, settings)
      const run = await world.run(await drop(world, mbox(letter(1))))
      expect(run).toMatchObject({
        status: 'failed',
        stopReason: 'bad_mail_settings',
        errorMessage: expect.stringMatching(/mail\.json/),
      })
      expect(await world.pending()).toEqual([])
    }
  })

  test('of hostile messages loses those and no other', async () => {
    const emoji = `Subject: ${'x'.repeat(499)}😀`
    const hostile = [
      letter(1),
      `From: \n\nNobody.\n`,
      letter(2).replace('Subject: Letter 2', emoji),
      `${letter(3).split('\n\n')[0]!}\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nUnended \0 text`,
      `X: ${'y '.repeat(150_000)}\n\nbody`,
      letter(4).replace('Sun, 22 Nov 2026', 'Sun, 22 Nov 202600'),
      letter(5),
    ]
    const { world, run, runId } = await readAll(mbox(...hostile.map((text) => `${text}\n`)))
    expect(run).toMatchObject({ status: 'finished', processed: 7, total: 7 })
    expect(await outcomes(world, runId)).toEqual({ letter: 5, duplicate: 0, own: 0, failed: 2 })
    expect(await reasons(world)).toEqual([
      expect.stringMatching(/who sent/),
      expect.stringMatching(/headers/),
    ])
  })
})

test('A thousand messages, every task delivered twice and processes dying in between, are each accounted for once', async () => {
  const world = await aWorld()
  await world.upload(`u/${user}/mail/mail.json`, JSON.stringify({ own: [ownAddress] }))
  const pieces = generateMbox(1000)
  let text = ''
  let piece = pieces.next()
  for (; !piece.done; piece = pieces.next()) text += piece.value
  const { messages, ...expected } = piece.value
  const runId = await drop(world, text)
  const storage = world.services.storage
  let reads = 0
  const dying: World['services'] = {
    ...world.services,
    storage: {
      ...storage,
      read: (...asked: Parameters<ObjectStore['read']>) =>
        ++reads % 5 === 0 ? Promise.reject(new Error('socket hang up')) : storage.read(...asked),
    },
  }
  const seen: number[] = []
  for (
    let queued = await world.tasks(), round = 0;
    queued.length > 0;
    queued = await world.tasks(), round++
  ) {
    if (round % 3 === 1) world.crashBeforeEnqueue()
    await Promise.all(
      queued
        .slice(0, 4)
        .flatMap(({ payload }) => [
          world.handBy(round % 2 ? world.services : dying, payload),
          world.hand(payload),
        ]),
    )
    seen.push((await world.run(runId)).processed)
    if ((await world.tasks()).length === 0) {
      await world.timePasses(60_000)
      await world.sweep()
    }
  }
  const run = await world.run(runId)
  expect(run).toMatchObject({ status: 'finished', processed: messages, total: messages })
  const { letter: letters, duplicate: duplicates, own, failed } = await outcomes(world, runId)
  expect({ letters, duplicates, own, failed }).toEqual(expected)
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
  expect(
    await world.database.rows(
      'SELECT count(*)::int AS n, count(DISTINCT position)::int AS positions FROM letters',
    ),
  ).toEqual([{ n: 1000, positions: 1000 }])
})

test('What the store cannot deliver is not the message’s fault: the part is tried again', async () => {
  const world = await aWorld()
  const runId = await drop(world, zipOf([{ name: 'one.eml', data: letter(1) }]), 'box.zip')
  const { storage } = world.services
  const broken = {
    ...world.services,
    storage: {
      ...storage,
      read: () => Promise.reject(new Error('socket hang up')),
      // eslint-disable-next-line @typescript-eslint/require-await -- it breaks before it gives anything
      readStream: async function* () {
        throw new Error('socket hang up')
      },
    },
  }
  const [counting] = await world.tasks()
  expect(await world.handBy(broken, counting!.payload)).toMatchObject({ status: 500 })
  await world.hand(counting!.payload)
  const [reading] = await world.tasks()
  expect(await world.handBy(broken, reading!.payload)).toMatchObject({ status: 500 })
  await world.runToEnd()
  expect(await outcomes(world, runId)).toMatchObject({ letter: 1, failed: 0 })
})

test('Two mailboxes with the same letters in another order, read at once, keep each letter once', async () => {
  const world = await aWorld()
  const letters = Array.from({ length: 120 }, (_, i) => letter(i))
  const first = await drop(world, mbox(...letters), 'first.mbox')
  const second = await drop(world, mbox(...[...letters].reverse()), 'second.mbox')
  await world.runToEnd()
  const [a, b] = [await outcomes(world, first), await outcomes(world, second)]
  expect([a.letter + b.letter, a.duplicate + b.duplicate, a.failed + b.failed]).toEqual([120, 120, 0])
  expect([(await world.run(first)).processed, (await world.run(second)).processed]).toEqual([120, 120])
})

test('A cancel in the middle leaves what was read, and changes nothing afterwards; a retry reads the rest', async () => {
  const world = await aWorld()
  const runId = await drop(world, mbox(...Array.from({ length: 250 }, (_, i) => letter(i))))
  const tasks = async () => (await world.tasks()).sort((a, b) => a.payload.part - b.payload.part)
  await world.hand((await tasks())[0]!.payload)
  const parts = await tasks()
  await world.hand(parts[0]!.payload)
  expect(await world.cancel(runId)).toBe(true)
  const [run, counts] = [await world.run(runId), await outcomes(world, runId)]
  expect(run).toMatchObject({ status: 'cancelled', processed: 100, total: 250 })
  for (const { payload } of parts) expect((await world.hand(payload)).status).toBe(200)
  expect([await world.run(runId), await outcomes(world, runId)]).toEqual([run, counts])

  const again = await drop(world, mbox(...Array.from({ length: 250 }, (_, i) => letter(i))))
  await world.runToEnd()
  expect(await outcomes(world, again)).toEqual({ letter: 150, duplicate: 100, own: 0, failed: 0 })
})

test('One live run of a mailbox is all there is, however many start it', async () => {
  const world = await aWorld()
  await world.database.rows('INSERT INTO users (id) VALUES (:user)', { user })
  const started = await Promise.all(
    Array.from({ length: 5 }, () =>
      withDatabase(world.services.config.databaseUrl, (db) =>
        db.transaction((trx) => startMailRun(trx, { userId: user, mailbox: 'box', context: {} })),
      ),
    ),
  )
  expect([
    started.filter((one) => one.started).length,
    new Set(started.map(({ runId }) => runId)).size,
  ]).toEqual([1, 1])
})

test('Messages are found and read whatever the windows they come in cut apart', async () => {
  const text = mbox(
    letter(1, 'One\n\n>From here'),
    letter(2, 'Two'),
    letter(3, `Three ${'long '.repeat(250_000)}\n>From there`),
  )
  const bytes = Buffer.from(text)
  const store = (window: number) => {
    // A stream of bytes is asynchronous to whoever reads it.
    // eslint-disable-next-line @typescript-eslint/require-await
    async function* readStream(_object: unknown, { start, end }: { start: number; end: number }) {
      for (let at = start; at < end; at += window) yield bytes.subarray(at, Math.min(end, at + window))
    }
    return {
      read: (_object: unknown, { start, end } = { start: 0, end: bytes.length }) =>
        Promise.resolve(bytes.subarray(start, end)),
      readStream,
      scan: readStream,
    } as unknown as ObjectStore
  }
  const contents: string[][] = []
  for (const window of [4 * 1024 * 1024, 997, 3001]) {
    const mailbox = { object: { bucket: 'b', name: 'box' }, bytes: bytes.length, name: 'box' }
    const places = await findMessages(store(window), mailbox, 100)
    const read: string[] = []
    for await (const open of readMessages(store(window), mailbox, places)) {
      let message = ''
      for await (const block of open()) message += block.toString('latin1')
      read.push(message)
    }
    contents.push(read)
  }
  expect(contents[0]!.map((one) => one.length)).toEqual(
    [
      letter(1, 'One\n\nFrom here'),
      letter(2, 'Two'),
      letter(3, `Three ${'long '.repeat(250_000)}\nFrom there`),
    ].map((one) => one.length + 1),
  )
  expect(contents[1]).toEqual(contents[0])
  expect(contents[2]).toEqual(contents[0])
})
