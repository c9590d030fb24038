// The process that hears: whatever ends it fails one attempt with a message, and nothing of it stays behind.
import { describe, expect, test } from '@jest/globals'
import { installedModels } from '../../shared/ears/installed.ts'
import { openListener } from '../../shared/ears/listener.ts'
import { wordsOf } from '../../shared/ears/heard-words.ts'
import { digitRate, sayDigits } from '../support/digits/said.ts'
import { canHear, install, withModels } from '../support/listening.ts'

const hearingTest = canHear ? test : test.skip

const never = new AbortController().signal
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('A process that hears', () => {
  hearingTest('says after it was killed what it would have said, when it is opened again', async () => {
    await withModels(async (dir) => {
      await install(dir)
      const [model] = await installedModels(dir)
      const { samples } = await sayDigits(2, 3)
      const first = await openListener(model!, undefined, never)
      const undisturbed = wordsOf(await first.hear(samples, digitRate), 10)
      const cut = first.hear(samples, digitRate)
      process.kill(first.pid, 'SIGKILL')
      await expect(cut).rejects.toMatchObject({
        name: 'Retryable',
        code: 'recogniser_failed',
        message: expect.stringMatching(/ended by SIGKILL.*memory/),
      })
      const second = await openListener(model!, undefined, never)
      expect(wordsOf(await second.hear(samples, digitRate), 10)).toEqual(undisturbed)
      expect(undisturbed.words.length).toBeGreaterThanOrEqual(9)
      second.close()
    })
  })

  hearingTest('ends when its work is cancelled, and says why', async () => {
    await withModels(async (dir) => {
      await install(dir)
      const [model] = await installedModels(dir)
      const cancel = new AbortController()
      const listener = await openListener(model!, undefined, cancel.signal)
      const hearing = listener.hear(new Float32Array(600 * digitRate), digitRate)
      cancel.abort(new Error('cancelled by its owner'))
      await expect(hearing).rejects.toThrow('cancelled by its owner')
      expect(isAlive(listener.pid)).toBe(false)
      await expect(listener.hear(new Float32Array(1), digitRate)).rejects.toThrow('cancelled by its owner')
    })
  })
})
