// Whose key a run needs: of providers it certainly asks, and of no others.
import { expect, test } from '@jest/globals'
import { chooseProviders, keysFor } from '../../shared/providers/choose.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'

const template = (settings: object) => parseTemplate(JSON.stringify(settings), 'template.json')
const script = { kind: 'spoken', script: 'Hello.' }
const openai = { provider: 'openai', voice: 'alloy' }
const key = { provider: 'openai', sealed: 'v1.sealed' }

test('a voice that speaks nothing needs no key', () => {
  expect(chooseProviders(template({ voice: openai }), true, [])).toEqual({
    recogniser: null,
    providerKeys: {},
  })
})

test.each([
  ['the voice of a script', template({ voice: openai, segments: [{ type: 'intro', source: script }] })],
  ['a voice of its own', template({ segments: [{ type: 'intro', source: { ...script, voice: openai } }] })],
  ['the language model that answers', template({ cleaning: { intern: { answerer: 'openai' } } })],
])('%s needs one', (_, settings) => {
  expect(() => chooseProviders(settings, true, [])).toThrow(
    expect.objectContaining({ code: 'provider_key_missing' }),
  )
  expect(chooseProviders(settings, true, [key]).providerKeys).toEqual({ openai: 'v1.sealed' })
})

test('a script that has another voice leaves the usual one silent', () => {
  const settings = template({
    voice: openai,
    cleaning: { intern: { enabled: false } },
    segments: [{ type: 'intro', source: { ...script, voice: { provider: 'flite' } } }],
  })
  expect(chooseProviders(settings, true, [key])).toEqual({ recogniser: null, providerKeys: {} })
})

test('answers that may come up take the key along when there is one', () => {
  expect(keysFor(template({ voice: openai }), null, [key])).toEqual({ openai: 'v1.sealed' })
})

test('notes of the episode take the key along when there is one, and nothing waits for it', () => {
  const settings = template({ notes: { provider: 'openai' } })
  expect(chooseProviders(settings, true, [])).toEqual({ recogniser: null, providerKeys: {} })
  expect(chooseProviders(settings, true, [key]).providerKeys).toEqual({ openai: 'v1.sealed' })
})

test('a recogniser is asked only where no words were supplied', () => {
  const settings = template({ transcription: { provider: 'openai' } })
  expect(chooseProviders(settings, true, [])).toEqual({ recogniser: null, providerKeys: {} })
  expect(() => chooseProviders(settings, false, [])).toThrow(/transcription\.provider names openai/)
})

test('a model on this machine needs no key, and is asked where nobody else is named or has one', () => {
  const local = template({ transcription: { provider: 'local' } })
  expect(chooseProviders(local, false, [key], true)).toEqual({ recogniser: 'local', providerKeys: {} })
  expect(chooseProviders(template({}), false, [], true)).toEqual({ recogniser: 'local', providerKeys: {} })
  expect(chooseProviders(template({}), false, [key], true).recogniser).toBe('openai')
  expect(chooseProviders(template({}), true, [], true).recogniser).toBeNull()
  expect(() => chooseProviders(local, false, [key])).toThrow(
    expect.objectContaining({ code: 'model_missing' }),
  )
})
