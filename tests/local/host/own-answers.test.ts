// What is asked at the root of the functions' port is answered with the way; what functions answer is left to them.
import { expect, test } from '@jest/globals'
import { ownAnswer } from '../../../local/host/own-answers.ts'

test('who asks at the root is told where the console and the API are, and who wants the document is sent there', () => {
  expect(ownAnswer('/', '')).toMatchObject({
    status: 200,
    body: expect.stringMatching(/\/console\/.*\/api\//s) as unknown,
  })
  expect(ownAnswer('/openapi.json?x', '')).toMatchObject({
    status: 302,
    headers: { location: '/api/openapi.json' },
  })
  expect(
    ['/jwks.json', '/api/openapi.json', '/console/', '/none'].map((url) => ownAnswer(url, '{}')?.body),
  ).toEqual([...['{}', undefined, undefined, undefined]])
})
