// The API's document: clients are made from it. That what the API does is as it says, every caller of the
// other tests checks with each answer (support/documented.ts).
import { Validator } from '@seriousme/openapi-schema-validator'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { createApi } from '../../shared/api/app.ts'
import { aToyShow } from '../support/toys.ts'
import { judgeOf, type ApiDocument } from '../support/documented.ts'
import { aWorld } from '../support/world.ts'

let document: ApiDocument
beforeAll(async () => {
  const world = await aWorld({
    catalogue: aToyShow([{ name: 'cut' }]).catalogue,
    env: { FUNCTIONS_URL: 'https://functions.test/' },
  })
  document = (await (await createApi(world.services).request('/openapi.json')).json()) as ApiDocument
})

const operations = () => Object.values(document.paths).flatMap((methods) => Object.entries(methods))

describe('The document', () => {
  test('is OpenAPI 3.1', async () => {
    expect(await new Validator().validate({ ...document })).toEqual({ valid: true })
  })

  test('says where the API is', () => {
    expect(document.servers).toEqual([{ url: 'https://functions.test/api' }])
  })

  test('has patterns that any reader of patterns understands, with no flag in them', () => {
    const patterns = [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
      ([, text]) => JSON.parse(text!) as string,
    )
    expect(patterns.length).toBeGreaterThan(10)
    expect(patterns.filter((pattern) => !/^\^.*\$$/.test(pattern))).toEqual([])
    expect(patterns.filter((pattern) => pattern.includes('\\p') || pattern.includes('\\P'))).toEqual([])
  })

  test('declares the idempotency key of every request that changes something', () => {
    const changes = operations().filter(([method, { responses }]) => method !== 'get' && !isOpened(responses))
    expect(changes.length).toBeGreaterThan(10)
    for (const [, { parameters }] of changes)
      expect(parameters).toContainEqual(
        expect.objectContaining({ name: 'Idempotency-Key', in: 'header', required: false }),
      )
  })

  /** An upload's address is a key of its own each time, and must not be kept; what is wrong with a document, or stands in an episode's way, is no change. */
  const isOpened = (responses: object): boolean =>
    /\/(Upload|DocumentProblem|Preflight|Obstacles)"/.test(JSON.stringify(responses))

  const ids: readonly [string, string, boolean][] = [
    ['an id', '0f8b6f6e-6d0b-4a57-9d8c-2f4f1f0c7a11', true],
    ['other letters', 'x', true],
    ['a newline', 'x%0Ay', false],
    ['a delete', '%7F', false],
    ['101 characters', 'x'.repeat(101), false],
  ]
  test.each(ids)('judges ids as the API does: %s', (_what, id, isTaken) => {
    const complaints = judgeOf(document)({
      method: 'POST',
      path: `/runs/${id}/retry`,
      headers: new Headers({ 'idempotency-key': 'once' }),
      status: 202,
      type: 'application/json',
      body: { runId: '0f8b6f6e-6d0b-4a57-9d8c-2f4f1f0c7a11' },
    })
    expect(complaints.length === 0).toBe(isTaken)
  })

  test('judges answers', () => {
    const exchange = { method: 'GET', path: '/runs', headers: new Headers(), status: 200 }
    const judge = judgeOf(document)
    expect(judge({ ...exchange, type: 'application/json', body: { items: [] } })).toEqual([])
    expect(judge({ ...exchange, type: 'application/json', body: { items: [{}] } })).toHaveLength(1)
    expect(judge({ ...exchange, type: 'text/html', body: '' })).toHaveLength(1)
  })
})
