/**
 * In which language each caption or sentence of a text is written: that of its recording, or another one where it clearly
 * says so. A word that is read by the rules of another language has phones that nobody said. Pure.
 */
import type { Sayable } from './phones.ts'
import { cuesIn, type TextWord } from './told.ts'

/** The commonest words that have no meaning of their own. Two languages may share one: it then tells nothing of these. */
const commonWords: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({
    de:
      'aber als am an auch auf aus bei bin bis da das dass dein dem den der des die dich dir du durch ein eine einem einen ' +
      'einer er es euch für haben hat hier ich ihm ihn ihr im in ist ja kann kein keine mein mich mir mit nach nicht noch nur ' +
      'oder schon sehr sein sich sie sind so um und uns unser vom von vor war waren was wenn wer wie wieder wir wird zu zum zur über',
    en:
      'a about after all also am an and any are as at be been before but by can could did do does for from get had has have ' +
      'he her here him his how i if in into is it its just like me more my no not now of on one or our out over please she ' +
      'should so some than that the their them then there these they this those to too up us was we were what when where ' +
      'which who why will with would yes you your',
    es:
      'al algo como con cuando de del desde donde el ella ellos en entre era eres es esa ese eso esta este esto está están fue ' +
      'ha hay he la las le les lo los me mi muy más ni no nos o para pero por porque que quien se ser si sin sobre son soy su ' +
      'sus sí también te tiene todo tu un una uno y ya yo él',
    fr:
      "au aux avec c'est car ce ces cet cette comme d'un d'une dans de des du elle elles en est et être il ils j'ai je l'on la " +
      "le les leur lui ma mais me mes moi mon même n'a n'est ne nos notre nous on ont ou où par pas plus pour qu'il qu'un que " +
      "qui s'il sa sans se ses si son sont suis sur ta te tes toi ton tout très tu un une vos votre vous y à été êtes",
    it:
      'ad ai al alla anche che chi ci come con cosa da dal dalla dei del della delle di dove e ed era gli ha hai ho i il in io ' +
      'la le lei lo loro lui ma mi mia mio ne nei nel nella noi non o per perché più quando questa questo qui se sei si sono ' +
      'sta su sua sul suo ti tra tu un una uno voi è',
    nl:
      'aan al als bij daar dan dat de deze die dit door een en er ge geen had heb hebben heeft het hij hoe hun ik in is ja je ' +
      'jij kan maar me met mij mijn naar niet nog nu of om onder ons ook op over te toch tot u uit van veel voor was wat we wel ' +
      'werd wie wij wordt ze zich zij zijn zo zou',
    pt:
      'ao aos as até com como da das de dela dele depois do dos e ela ele eles em entre era essa esse esta este eu foi há isso ' +
      'isto já lhe mais mas me meu minha muito na nas no nos nós não o os ou para pela pelo por porque quando que quem se sem ' +
      'ser seu sua são só também te tem uma um você à às é',
    ru:
      'а без бы был была были было быть в вам вас вы где да для до его ее если есть еще же за здесь и из или им их к как когда ' +
      'который кто ли мне мой мы на нас не нет но ну о он она они от по под при с сейчас так там то только ты у уже чтобы что ' +
      'эта эти это этот я',
  }).map(([language, words]) => [language, new Set(words.split(' '))]),
)

/** A caption is clearly of a language where it has so many more of its common words than of any other's. */
const clearly = 2
/** Another language is spoken in a recording where so many captions, and such a share of them, are clearly of it. */
const fewestClear = 4
const leastShare = 0.05

export type SpokenWord = TextWord & Sayable

/** The words with the language in which each is said: `own`, unless its caption is of another that the text clearly has. */
export function inTheirLanguages(words: readonly TextWord[], own: string): SpokenWord[] {
  const cues = cuesIn(words).map(({ first, end }) => words.slice(first, end))
  const marks = cues.map((cue) => cue.flatMap(({ text }) => marksOf(text)))
  const languages = languagesOf(marks, baseOf(own)).map((each) => (each === baseOf(own) ? own : each))
  return cues.flatMap((cue, i) => cue.map((word) => ({ ...word, language: languages[i]! })))
}

const baseOf = (language: string): string => language.toLowerCase().split('-')[0]!

/** By what the language of a word may be known: itself, and its letters that not every language has, each as a pattern. */
function marksOf(text: string): string[] {
  const word = text
    .toLowerCase()
    .replaceAll('’', "'")
    .replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  return word === '' ? [] : [word, ...(word.match(/(?![a-z])\p{L}/gu) ?? []).map((letter) => `*${letter}*`)]
}

/** By caption. */
function languagesOf(cues: readonly (readonly string[])[], own: string): string[] {
  const clear = cues.map((cue) => languageOf(cue, clearly, commonWords))
  const isSpoken = (language: string): boolean =>
    language === own ||
    clear.filter((each) => each === language).length >= Math.max(fewestClear, leastShare * cues.length)
  const spoken = Object.keys(commonWords).filter(isSpoken)
  if (!spoken.includes(own) || spoken.length === 1) return cues.map(() => own)
  const ownWords = (language: string) => cues.filter((_, i) => clear[i] === language).flat()
  const known = Object.fromEntries(
    spoken.map((language) => [language, new Set([...commonWords[language]!, ...ownWords(language)])]),
  )
  return cues.map((cue) => languageOf(cue, 1, known) ?? own)
}

/** Of which language a caption has so many more words than of any other. */
function languageOf(
  cue: readonly string[],
  more: number,
  known: Readonly<Record<string, ReadonlySet<string>>>,
): string | undefined {
  const ranked = Object.entries(known)
    .map(([language, words]) => ({ language, count: cue.filter((word) => words.has(word)).length }))
    .sort((a, b) => b.count - a.count)
  const [first, second] = ranked
  return first && first.count - (second?.count ?? 0) >= more ? first.language : undefined
}
