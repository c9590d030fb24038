/**
 * Which language was heard, where the model does not say: its only one, or the one that the words are in. Hides how much
 * text it takes to tell.
 */
import { franc } from 'franc-min'
import { bcp47 } from '../providers/languages.ts'
import { knownModel } from './models.ts'

/** Of less text it is a guess. */
const fewestLetters = 200

/** BCP 47; null where nobody can tell, as of a model that is not known. */
export function spokenLanguage(model: string, words: readonly { readonly text: string }[]): string | null {
  const known = knownModel(model)
  if (!known) return null
  if (/^[a-z]{2}$/.test(known.languages)) return known.languages
  const text = words.map((word) => word.text).join(' ')
  return bcp47(franc(text, { minLength: fewestLetters }))
}
