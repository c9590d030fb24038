/**
 * Which words a speaker repeats by accident, and which on purpose, language by language: data for
 * edits/stutters.ts. A language that is not here has no list that anybody vouches for.
 */

/** Words in lower case. */
export interface RepeatedWords {
  /** Said twice, they are a stutter: no sentence needs "the the" or "I I". */
  readonly stumbled: ReadonlySet<string>
  /** In a restart of two words they are one as well: "in the, in the", though "come in in May" is none. */
  readonly restarted: ReadonlySet<string>
  /** Said twice, they are meant: for weight, as an answer, as a number, or because grammar wants both. */
  readonly meant: ReadonlySet<string>
}

const wordsOf = (...lines: string[]): ReadonlySet<string> => new Set(lines.flatMap((line) => line.split(' ')))

export const repeatedWords: Readonly<Record<string, RepeatedWords>> = {
  en: {
    stumbled: wordsOf(
      'i the a an and but or if to of we he she they my our their because from into',
      "i'm i've i'd i'll we're we've he's she's it's they're they've there's that's",
    ),
    restarted: wordsOf('in on at by for with as it was were are this these those when where what who how'),
    meant: wordsOf(
      'that had very no yes so really is you her now there right okay ok well bye years again',
      'long many much far more never ever please thanks thank knock ha la blah yeah yep yup nope hey oh ah',
      'wait go come look big too super way whole sure good fine all same old round over up down out',
      'zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen',
      'seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million',
      'billion first second third double half',
    ),
  },
  de: {
    stumbled: wordsOf(
      'ich und wir er aber oder ein eine einen einem weil wenn im am zum zur vom beim mein unser',
    ),
    restarted: wordsOf('in mit auf für von zu es war ist hat wie was'),
    meant: wordsOf(
      'die der das den dem sie dass so sehr ja nein ne doch ganz viel viele immer nie nie gut bitte danke hallo',
      'tschüss okay ok genau los halt schnell lange weit mehr nach durch',
      'null eins zwei zwo drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig hundert tausend',
      'million',
    ),
  },
  fr: {
    stumbled: wordsOf("je j'ai le les une de des du et mais il ils on dans pour c'est ce"),
    restarted: wordsOf("à en qui que avec sur par j'avais est a y d'un"),
    meant: wordsOf(
      'nous vous elle elles lui eux moi toi très oui non si bien bon trop tout tous petit la plus vite encore',
      'jamais allez merci ouais voilà ok là',
      'un zéro deux trois quatre cinq six sept huit neuf dix onze douze vingt trente quarante cinquante soixante',
      'cent mille million',
    ),
  },
  es: {
    stumbled: wordsOf('yo el los las de y en pero mi del al por para con porque'),
    restarted: wordsOf('la es a se me era'),
    meant: wordsOf(
      'no sí muy mucho muchos bien ya que lo bueno vale claro así más casi luego nada venga vamos gracias',
      'uno una un cero dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta cien mil millón',
    ),
  },
}
