// What a deploy with another ffmpeg makes anew, and what it leaves alone.
import { expect, test } from '@jest/globals'
import { z } from 'zod'
import { catalogue } from '../../functions/index.ts'
import type { Scalars } from '../../shared/context.ts'
import { ffmpegVersion } from '../../shared/audio/ffmpeg.ts'
import { defineStep, type StepDefinition } from '../../shared/engine/step.ts'

const identity = { runId: 'run', userId: 'anna', episodeId: 'one', part: 0 }
type Own = Partial<StepDefinition<object, undefined, Scalars>>

/** Of the same step with the same inputs; opening one without `load` asks the database nothing. */
async function keyOf(own: Own): Promise<string | null> {
  const cut = { name: 'cut', version: 1, context: z.object({}), inputs: () => 'same', ...own }
  const step = defineStep({ ...cut, work: () => Promise.resolve({}) })
  return (await step.open(undefined as never, identity, {})).inputKey
}
const version = (text: string) => () => Promise.resolve(text)

test('What a program makes is made again by another version of it', async () => {
  const before = await keyOf({ madeBy: version('ffmpeg version 5') })
  expect(await keyOf({ madeBy: version('ffmpeg version 5') })).toBe(before)
  expect(await keyOf({ madeBy: version('ffmpeg version 6') })).not.toBe(before)
})

test('What a step only needs a program for, paid for perhaps, is kept', async () => {
  expect(await keyOf({ needs: version('ffmpeg version 6') })).toBe(await keyOf({}))
})

test('A step whose program is missing is not tried', async () => {
  await expect(keyOf({ madeBy: () => Promise.reject(new Error('no ffmpeg')) })).rejects.toThrow('no ffmpeg')
})

test('Every step that works on sound through a program of its own asks for it', async () => {
  const needing = catalogue.flatMap((entry) =>
    entry.trigger === 'task' && entry.step.needs ? [entry.step.name] : [],
  )
  expect(needing.sort()).toEqual([
    'align',
    'join',
    'page',
    'prepare',
    'preview',
    'recognise',
    'render',
    'voice',
  ])
  expect(await ffmpegVersion()).toMatch(/^ffmpeg version \S+$/)
})
