// In which language each caption of a text is said.
import { expect, test } from '@jest/globals'
import { inTheirLanguages } from '../../shared/alignment/languages.ts'

const languagesOf = (captions: readonly string[], own: string): string[] => {
  const words = captions.flatMap((caption, cue) =>
    caption.split(' ').map((text) => ({ text, start: undefined, end: undefined, cue })),
  )
  const spoken = inTheirLanguages(words, own)
  return captions.map((_, i) => spoken.find(({ cue }) => cue === i)!.language)
}

const english = [
  'Nobody is at home, press 4.',
  'We are glad that you could come.',
  'Have you been here before?',
]
const french = [
  'Nous sommes sur la place, appuyez sur 4.',
  "Il n'y a pas de train dans cette ville.",
  'Je suis là avec vous pour une heure.',
  'Est-ce que vous êtes de la région ?',
]

test('Captions that are clearly of another language are said in it, and those that are made of their words', () => {
  const few = ['Place région!', 'Discrétion.', 'Glad 4 home']
  expect(languagesOf([...english, ...french, ...few], 'en-GB')).toEqual([
    ...english.map(() => 'en-GB'),
    ...french.map(() => 'fr'),
    ...['fr', 'fr', 'en-GB'],
  ])
})

test('Some words of another language make no second one, nor does a language whose words nobody has listed', () => {
  const quoted = [...english, ...french.slice(1)]
  expect(new Set(languagesOf(quoted, 'en'))).toEqual(new Set(['en']))
  expect(new Set(languagesOf([...english, ...french], 'cy'))).toEqual(new Set(['cy']))
})
