// Length: pauses give way evenly and only as far as allowed, and whatever was done is said.
import { describe, expect, test } from '@jest/globals'
import { fitLength, type PauseLimits } from '../../shared/show/length.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'

const usual = { maxPauseSeconds: 1.5, targetPauseSeconds: 0.5 }
const wanted = (length: object) => parseTemplate(JSON.stringify({ length }), 'template').length
/** A minute of speech and sixty pauses, each as long as the target. */
const fit = (length: object) =>
  fitLength(
    wanted(length),
    usual,
    (limits: PauseLimits | undefined) => limits ?? usual,
    ({ targetPauseSeconds }) => 60 + 60 * targetPauseSeconds,
  )

describe('An episode', () => {
  test('of the right length is left as it is, and nothing is said', () => {
    expect(fit({})).toEqual({ result: usual, remark: undefined })
    expect(fit({ softMaxSeconds: 90, hardMaxSeconds: 100, softMinSeconds: 90 })).toEqual({
      result: usual,
      remark: undefined,
    })
  })

  test('that is too long has its pauses tightened just as far as it takes', () => {
    const { result, remark } = fit({ softMaxSeconds: 81 })
    expect(60 + 60 * result.targetPauseSeconds).toBeLessThanOrEqual(81)
    expect(60 + 60 * result.targetPauseSeconds).toBeGreaterThan(80.9)
    expect(remark).toEqual({
      code: 'pauses_tightened',
      message: 'Pauses were tightened to bring the episode from 1:30 to 1:21; wanted were at most 1:21.',
    })
  })

  test('that stays too long is made as short as allowed, and its producer is told', () => {
    const { result, remark } = fit({ softMaxSeconds: 70 })
    expect(result).toEqual({ maxPauseSeconds: 0.7, targetPauseSeconds: 0.25 })
    expect(remark).toMatchObject({
      code: 'longer_than_wanted',
      message: expect.stringContaining('1:15 long, longer than the wanted 1:10') as unknown,
    })
  })

  test('over the hard limit is not made', () => {
    expect(() => fit({ hardMaxSeconds: 70 })).toThrow(
      expect.objectContaining({
        code: 'over_length',
        message: expect.stringContaining('hardMaxSeconds is 1:10') as unknown,
      }),
    )
  })

  test('that is too short is remarked on, or not made', () => {
    expect(fit({ softMinSeconds: 120 }).remark).toMatchObject({ code: 'shorter_than_wanted' })
    expect(() => fit({ hardMinSeconds: 120 })).toThrow(expect.objectContaining({ code: 'under_length' }))
  })

  test('never has its pauses made longer by limits that are looser than the usual ones', () => {
    const { result } = fit({ softMaxSeconds: 1, tightestTargetPauseSeconds: 0.6, tightestMaxPauseSeconds: 9 })
    expect(result).toEqual(usual)
  })
})
