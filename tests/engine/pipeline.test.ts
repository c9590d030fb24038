// The graph of steps: its order, what it refuses, and that the contents page lists every function there is.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { catalogue, queues } from '../../functions/index.ts'
import { longestAnswerMs } from '../../shared/providers/vendor.ts'
import { partsOf, planPipeline, type Stage } from '../../shared/engine/pipeline.ts'
import { nameOf } from '../../shared/engine/serve.ts'

const stage = (name: string, after: readonly string[] = [], share = 1): Stage => ({
  step: { version: 1, name, isHere: true, open: () => Promise.reject(new Error('never')) },
  after,
  share,
  queue: 'q',
  memory: '1Gi',
  deadlineSeconds: 60,
})
const names = (stages: readonly Stage[]) => stages.map(({ step }) => step.name)

describe('a graph', () => {
  const diamond = planPipeline([
    stage('join', ['left', 'right']),
    stage('right', ['split']),
    stage('split'),
    stage('left', ['split']),
  ])

  test('is ordered so that nothing comes before what it follows', () => {
    const order = names(diamond.stages)
    expect(order[0]).toBe('split')
    expect(order.at(-1)).toBe('join')
  })

  test('knows everything before a step, however far back, and everything after it', () => {
    expect(diamond.before('join')).toEqual(new Set(['left', 'right', 'split']))
    expect(diamond.before('split')).toEqual(new Set())
    expect(new Set(names(diamond.following('split')))).toEqual(new Set(['left', 'right', 'join']))
    expect(names(diamond.following('left'))).toEqual(['join'])
    expect(diamond.following('join')).toEqual([])
  })

  test('of a single step has nothing before or after it', () => {
    const single = planPipeline([stage('only')])
    expect(names(single.stages)).toEqual(['only'])
    expect(single.following('only')).toEqual([])
    expect(single.before('only')).toEqual(new Set())
  })

  test('that runs in a circle is refused, with the way round', () => {
    expect(() => planPipeline([stage('a', ['c']), stage('b', ['a']), stage('c', ['b'])])).toThrow(
      /circle: (a → c → b → a|b → a → c → b|c → b → a → c)/,
    )
    expect(() => planPipeline([stage('a', ['a'])])).toThrow('circle: a → a')
  })

  test('whose step follows nobody known is refused, by name', () => {
    expect(() => planPipeline([stage('a'), stage('b', ['aa'])])).toThrow('b follows "aa", which is no step')
    expect(() => planPipeline([stage('b', ['aa'])])).toThrow('b follows "aa", which is no step')
  })
})

describe('progress', () => {
  const plan = planPipeline([stage('a', [], 1), stage('b', ['a'], 3)])

  const count = (step: string, progress: number) => ({
    step,
    parts: 2,
    unfinished: progress === 1 ? 0 : 1,
    progress,
  })

  test('is the share of the expected work that is done, parts under way included', () => {
    expect(plan.progress([])).toBe(0)
    expect(plan.progress([count('a', 0.5)])).toBe(0.125)
    expect(plan.progress([count('a', 1), count('b', 0.5)])).toBe(0.625)
    expect(plan.progress([count('a', 1), count('b', 1)])).toBe(1)
  })

  test('takes a step that was passed over for done', () => {
    expect(plan.progress([count('b', 0)])).toBe(0.25)
  })

  test('takes no notice of a step it does not know', () => {
    expect(plan.progress([count('gone', 1)])).toBe(0)
  })
})

describe('parts', () => {
  test('are one with the context of the run when the step asks for none', () => {
    expect(partsOf(stage('a'), { title: 'One' })).toEqual([{ step: 'a', part: 0, context: { title: 'One' } }])
  })

  test('carry their own scalars over those of the run', () => {
    const cut = stage('cut')
    const fanned: Stage = {
      ...cut,
      step: {
        ...cut.step,
        parts: ({ count }) => Array.from({ length: Number(count) }, (_, chunk) => ({ chunk, title: 'own' })),
      },
    }
    expect(partsOf(fanned, { count: 2, title: 'One' })).toEqual([
      { step: 'cut', part: 0, context: { count: 2, chunk: 0, title: 'own' } },
      { step: 'cut', part: 1, context: { count: 2, chunk: 1, title: 'own' } },
    ])
    expect(partsOf(fanned, { count: 0 })).toEqual([])
  })
})

/** Ten hours of speech as Opus, on a slow instance. */
const encodingMs = 10 * 60_000

describe('the contents page', () => {
  const tasks = catalogue.filter((entry) => entry.trigger === 'task')
  const folder = path.join(import.meta.dirname, '../../functions')
  const files = readdirSync(folder)
    .filter((file) => file !== 'index.ts' && file !== 'main.ts')
    .map((file) => path.parse(file).name)

  test('lists every function there is, once, under the name of its file', () => {
    expect(catalogue.map(nameOf).toSorted()).toEqual(files.toSorted())
  })

  test('forms a graph from recording to publication, with the mail beside it, on existing queues', () => {
    const stages = tasks
    const pipeline = planPipeline(stages)
    expect(names(stages.filter(({ after }) => after.length === 0))).toEqual(['prepare', 'read-mail'])
    expect(names(stages.filter(({ step }) => pipeline.following(step.name).length === 0))).toEqual([
      'page',
      'publish',
      'read-mail',
    ])
    for (const { queue } of stages) expect(Object.keys(queues)).toContain(queue)
  })

  test('gives each function the memory and the time the platform has', () => {
    for (const { memory, deadlineSeconds } of catalogue) {
      expect(memory).toMatch(/^\d+(Mi|Gi)$/)
      expect(deadlineSeconds).toBeGreaterThan(0)
      expect(deadlineSeconds).toBeLessThanOrEqual(1800) // the most Cloud Tasks waits for
    }
  })

  test('gives steps that call a vendor longer than the longest call, and slots of their own', () => {
    const asking = ['recognise', 'answer', 'voice'].map((name) => planPipeline(tasks).stage(name)!)
    for (const { deadlineSeconds, queue } of asking) {
      expect(deadlineSeconds * 1000).toBeGreaterThan(longestAnswerMs + encodingMs)
      expect(queue).toBe('vendors')
    }
    expect(Math.max(...tasks.map(({ deadlineSeconds }) => deadlineSeconds))).toBeLessThanOrEqual(1800) // Cloud Tasks' own limit
  })

  test('keeps mailboxes and vendors off the queues that episodes go through', () => {
    const queueOf = (name: string) => planPipeline(tasks).stage(name)!.queue
    const episodes = tasks
      .filter(({ queue }) => queue === 'audio' || queue === 'light')
      .map(({ step }) => step.name)
    expect(episodes).not.toContain('read-mail')
    expect(queueOf('read-mail')).toBe('mail')
    expect(episodes).toContain('finish')
  })
})
