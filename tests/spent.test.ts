// Bytes that were read make room soon, however many of them pass.
import { expect, test } from '@jest/globals'
import { inBlocks } from '../shared/audio/pcm.ts'

const megabyte = 1024 * 1024

test('of a stream of 256 MB, whose pieces are not collected by themselves, a few megabytes are held at a time', async () => {
  const pieces = function* (): Generator<Buffer> {
    for (let i = 0; i < 4096; i++) yield Buffer.allocUnsafeSlow(megabyte / 16)
  }
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  for await (const block of inBlocks(pieces(), 19_200))
    if (block.length > 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  expect(most).toBeLessThan(24 * megabyte)
})
