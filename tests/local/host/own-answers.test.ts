// What is asked at the root of the functions' port is answered with the way; what functions answer is left to them.
import { expect, test } from '@jest/globals'
import { ownAnswer } from '../../../local/host/own-answers.ts'

test('who asks at the root is told where the console and the API are, and who wants the document, where it is', () => {
  expect(ownAnswer('/', '')).toMatchObject({
    status: 200,
    body: expect.stringMatching(/\/console\/.*\/api\//s) as unknown,
  })
  expect(ownAnswer('/openapi.json?x', '')).toMatchObject({
    status: 404, // a client that finds it takes the root for the API
    body: expect.stringContaining('/api/openapi.json') as unknown,
  })
  expect(
    ['/jwks.json', '/api/openapi.json', '/console/', '/none'].map((url) => ownAnswer(url, '{}')?.body),
  ).toEqual([...['{}', undefined, undefined, undefined]])
})
