/** Language tags (BCP 47) as settings take them. Hides what is checked by shape and what by registration. */
import { z } from 'zod'

/** BCP 47. */
export const language = z
  .string()
  .max(35)
  .refine((tag) => {
    try {
      return Intl.getCanonicalLocales(tag).length === 1
    } catch {
      return false
    }
  }, 'a language tag such as en, de-AT or pt-BR')

const subtag = (type: 'language' | 'script' | 'region', code: string | undefined): boolean =>
  code === undefined || new Intl.DisplayNames('en', { type, fallback: 'none' }).of(code) !== undefined

/** A feed's language: every part of it registered, so that "english" and "en-UK" are none. */
export const registeredLanguage = language.refine((tag) => {
  try {
    const { language: code, script, region } = new Intl.Locale(tag)
    return subtag('language', code) && subtag('script', script) && subtag('region', region)
  } catch {
    return false
  }
}, 'a registered language tag such as en, de-AT or pt-BR')
