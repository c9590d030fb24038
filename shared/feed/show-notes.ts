/**
 * Show notes in HTML: what applications show of them, and the same as plain text. Hides the sanitiser. Apple shows
 * paragraphs, lists and links (help.apple.com/itc/podcasts_connect/#/itcb54353390); others emphasis and headings too.
 */
import type { IOptions } from 'sanitize-html'
import { withoutUnseen } from '../settings/unseen.ts'

const shown = [
  ...['p', 'br', 'a', 'ol', 'ul', 'li', 'b', 'strong', 'i', 'em', 'blockquote', 'h2', 'h3', 'h4'],
]
/** Written as others: nothing is lost. */
const replaced = { h1: 'h2', div: 'p' }
const isShown = (tag: string): boolean => shown.includes(tag) || tag in replaced || tag === 'span'

const allowed: IOptions = {
  allowedTags: shown,
  allowedAttributes: { a: ['href'] },
  allowedSchemes: ['http', 'https', 'mailto'],
  allowProtocolRelative: false,
  transformTags: replaced,
  nestingLimit: 50,
}

/** Twice what an episode may say. The sanitiser takes time by the square of nested tags: half a second for so many. */
const longestNotes = 200_000

/** The notes with nothing in them but what applications show; empty when nothing is left. */
export async function cleanNotes(html: string): Promise<{ html: string; isCut: boolean }> {
  const { default: sanitise } = await import('sanitize-html')
  let isCut = html.length > longestNotes
  const cleaned = sanitise(withoutUnseen(html.slice(0, longestNotes)), {
    ...allowed,
    onOpenTag: (name) => {
      isCut ||= !isShown(name)
    },
  })
  return { html: cleaned.trim(), isCut }
}

/** The words of clean notes, a line a paragraph, the addresses of links behind their words. */
export async function notesAsText(html: string, mostCharacters: number): Promise<string> {
  const { default: sanitise } = await import('sanitize-html')
  const lines = html
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/<a href="([^"]*)">(.*?)<\/a>/g, (_, href: string, words: string) =>
      words.includes(href) || href === '' ? words : `${words} (${href})`,
    )
    .replaceAll(/<li>/g, '\n• ')
    .replaceAll(/<br ?\/?>/g, '\n')
    .replaceAll(/<\/?(p|ol|ul|blockquote|h\d)>/g, '\n\n')
  const text = unescaped(sanitise(lines, { allowedTags: [], allowedAttributes: {} }))
    .replaceAll(/ *\n */g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
  return text.length <= mostCharacters ? text : `${withoutUnseen(text.slice(0, mostCharacters - 1))}…`
}

/** What the sanitiser escapes in text. */
const unescaped = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')

/** Plain text as HTML: paragraphs where lines are empty. */
export const asParagraphs = (text: string): string =>
  text
    .split('\n\n')
    .map((paragraph) => `<p>${escaped(paragraph).replaceAll('\n', '<br />')}</p>`)
    .join('\n')

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
