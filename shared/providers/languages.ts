/**
 * Normalises vendors' names of languages to BCP 47. Hides that vendors say "en", "en_us", "eng" and
 * "English", and Whisper a few names that nobody else uses; Unicode's own tables do most of the work.
 */

/** Names of Whisper's that are not Unicode's. */
const otherNames: Readonly<Record<string, string>> = {
  castilian: 'es',
  filipino: 'tl',
  flemish: 'nl',
  haitian: 'ht',
  letzeburgesch: 'lb',
  mandarin: 'zh',
  moldavian: 'ro',
  moldovan: 'ro',
  myanmar: 'my',
  nynorsk: 'nn',
  panjabi: 'pa',
  pushto: 'ps',
  sinhalese: 'si',
  tagalog: 'tl',
  valencian: 'ca',
}

let byName: ReadonlyMap<string, string> | undefined

/**
 * A vendor's name of a language as BCP 47 in lower case, two letters where there are two; null when it names
 * none.
 */
export function bcp47(name: string | null | undefined): string | null {
  const plain = name?.trim().toLowerCase().replaceAll('_', '-') ?? ''
  const named = otherNames[plain] ?? (byName ??= englishNames()).get(plain)
  if (named !== undefined) return named
  try {
    const [tag] = Intl.getCanonicalLocales(plain) // "eng" and "ger" become "en" and "de" here
    return tag === undefined || !/^(?!und|mul|zxx)[a-z]{2,3}\b/.test(tag) ? null : tag.toLowerCase()
  } catch {
    return null
  }
}

/** The language alone, without script or region: what every vendor understands. */
export const languageOnly = (tag: string): string => (bcp47(tag) ?? tag).split('-')[0]!

/** English names of all languages with a code of two letters. */
function englishNames(): Map<string, string> {
  const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' })
  const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i))
  const codes = letters.flatMap((first) => letters.map((second) => first + second))
  return new Map(
    codes.flatMap((code) => {
      const name = names.of(code)?.toLowerCase()
      return name === undefined || Intl.getCanonicalLocales(code)[0] !== code ? [] : [[name, code] as const]
    }),
  )
}
