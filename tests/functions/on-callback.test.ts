// on-callback: a call whose address or headers prove nothing is refused before a byte of its body is read.
import { createHmac } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { onCallback } from '../../functions/on-callback.ts'
import { aWorld } from '../support/world.ts'

const address = 'https://functions.test/on-callback'
const secret = 'whsec'

/** A request that tells whether its body was asked for. */
function aCall(url: string, headers: Record<string, string> = {}) {
  let isRead = false
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        isRead = true
        controller.enqueue(Buffer.from('{}'))
        controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  const request = new Request(url, { method: 'POST', headers, body, duplex: 'half' })
  return { request, isRead: () => isRead }
}

const signed = (seconds: number, by = secret) => {
  const signature = createHmac('sha256', by).update(`${seconds}.{}`).digest('hex')
  return { 'elevenlabs-signature': `t=${seconds},v0=${signature}` }
}
const now = () => Math.floor(Date.now() / 1000)

test.each([
  [
    'an address that nobody made',
    `${address}?call=0f8b6f6e-6d0b-4a57-9d8c-2f4f1f0c7a11&signature=guessed`,
    {},
  ],
  ['no proof at all', address, {}],
  ['a signature of yesterday', address, signed(now() - 86_400)],
])('%s', async (_, url, headers) => {
  const world = await aWorld({ env: { ELEVENLABS_WEBHOOK_SECRET: secret } })
  const { request, isRead } = aCall(url, headers)
  expect((await onCallback(request, world.services)).status).toBe(401)
  expect(isRead()).toBe(false)
})

test('a signature of now is compared with the body', async () => {
  const world = await aWorld({ env: { ELEVENLABS_WEBHOOK_SECRET: secret } })
  const { request, isRead } = aCall(address, signed(now(), 'another'))
  expect((await onCallback(request, world.services)).status).toBe(401)
  expect(isRead()).toBe(true)
})
