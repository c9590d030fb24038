/**
 * The transcript: what is cut is struck through, the word that is heard is marked, and words are selected with mouse or
 * keys to cut them or to bring them back. Hides that only the paragraphs that can be seen are in the page.
 */
import type { RefObject } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { clock, html } from '../parts.ts'
import { isCut, wordAt, wordFrom, type Span, type Word } from './model.ts'
import { useWindowed } from './windowed.ts'

const mostWords = 50
/** For the guess of a paragraph's height until it was seen. */
const [letterPx, linePx, restPx] = [8.3, 30, 40]

interface Paragraph {
  readonly first: number
  /** One past its last word. */
  readonly end: number
  readonly speaker: string | null
  readonly letters: number
}

export interface Selection {
  readonly first: number
  readonly last: number
}

export interface TranscriptProps {
  readonly words: readonly Word[]
  readonly removed: readonly Span[]
  /** Where the recording is heard; undefined while nothing plays. */
  readonly heardAt: number | undefined
  /** What is looked at: brought into view when it changes. */
  readonly lookAt: number
  /** Absent for who may not cut. */
  readonly onCut?: ((selection: Selection) => void) | undefined
  readonly onKeep?: ((selection: Selection) => void) | undefined
  readonly onPlay: (word: number) => void
}

const idOf = (word: number): string => `word-${word}`

export function Transcript({ words, removed, heardAt, lookAt, onCut, onKeep, onPlay }: TranscriptProps) {
  const paragraphs = useMemo(() => paragraphsOf(words), [words])
  const [{ anchor, caret }, setSelected] = useState({ anchor: 0, caret: 0 })
  const [first, last] = [Math.min(anchor, caret), Math.max(anchor, caret)]
  const list = useWindowed(
    paragraphs.length,
    (i, width) =>
      Math.ceil((paragraphs[i]!.letters * letterPx) / Math.max(200, width - 40)) * linePx + restPx,
  )
  const paragraphOf = (word: number) => paragraphs.findIndex(({ end }) => word < end)
  const heard = heardAt === undefined ? -1 : wordAt(words, heardAt)
  const isDragging = useRef(false)

  const go = (word: number, extends_: boolean) => {
    const next = Math.max(0, Math.min(words.length - 1, word))
    setSelected((before) => ({ anchor: extends_ ? before.anchor : next, caret: next }))
    list.reveal(paragraphOf(next))
  }
  useEffect(() => {
    const word = wordFrom(words, lookAt)
    setSelected({ anchor: word, caret: word })
    list.reveal(paragraphOf(word))
  }, [lookAt])
  useEffect(() => {
    if (heard >= 0) list.reveal(paragraphOf(heard))
  }, [paragraphOf(heard)])

  const moves: Readonly<Record<string, () => number>> = {
    ArrowRight: () => caret + 1,
    ArrowLeft: () => caret - 1,
    ArrowDown: () => wordInLine(caret, 1),
    ArrowUp: () => wordInLine(caret, -1),
    PageDown: () => paragraphs[Math.min(paragraphs.length - 1, paragraphOf(caret) + 3)]!.first,
    PageUp: () => paragraphs[Math.max(0, paragraphOf(caret) - 3)]!.first,
    Home: () => 0,
    End: () => words.length - 1,
  }
  const acts: Readonly<Record<string, (() => void) | undefined>> = {
    Enter: () => onPlay(caret),
    Delete: onCut && (() => onCut({ first, last })),
    x: onCut && (() => onCut({ first, last })),
    Insert: onKeep && (() => onKeep({ first, last })),
    c: onKeep && (() => onKeep({ first, last })),
    Escape: () => setSelected({ anchor: caret, caret }),
  }
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const [move, act] = [moves[event.key], acts[event.key]]
    if (!move && !act) return
    event.preventDefault()
    event.stopPropagation()
    if (move) go(move(), event.shiftKey)
    else act!()
  }
  const wordUnder = (event: Event): number | undefined => {
    const id = (event.target as HTMLElement).closest('[role=option]')?.id
    return id === undefined ? undefined : Number(id.slice(5))
  }
  const begin = (event: PointerEvent) => {
    const word = wordUnder(event)
    if (word === undefined || event.button !== 0) return
    if (event.pointerType === 'mouse') isDragging.current = true
    setSelected((before) => ({ anchor: event.shiftKey ? before.anchor : word, caret: word }))
  }
  const extend = (event: PointerEvent) => {
    const word = isDragging.current ? wordUnder(event) : undefined
    if (word !== undefined && word !== caret) setSelected((before) => ({ ...before, caret: word }))
  }
  useEffect(() => {
    const end = () => (isDragging.current = false)
    window.addEventListener('pointerup', end)
    return () => window.removeEventListener('pointerup', end)
  }, [])

  if (words.length === 0)
    return html`<p class="quiet">There is no transcript: no words came with the recording.</p>`
  const shown = paragraphs.slice(list.first, list.end)
  const isShown = shown.length > 0 && caret >= shown[0]!.first && caret < shown.at(-1)!.end
  return html`
    <${Tools}
      ...${{ first, last, words, onCut, onKeep, onPlay }}
      onWiden=${(by: number) => go(caret + by, true)}
    />
    <div
      class="said-words"
      ref=${list.scroller as RefObject<HTMLDivElement>}
      role="listbox"
      tabindex="0"
      aria-label="Transcript"
      aria-multiselectable="true"
      aria-activedescendant=${isShown ? idOf(caret) : undefined}
      onKeyDown=${press}
      onPointerDown=${begin}
      onPointerOver=${extend}
      onDblClick=${(event: Event) => {
        const word = wordUnder(event)
        if (word !== undefined) onPlay(word)
      }}
    >
      <div role="presentation" style=${{ height: `${list.above}px` }}></div>
      ${shown.map(
        (paragraph, i) =>
          html`<${ParagraphOf}
            key=${paragraph.first}
            ...${{ paragraph, words, removed, caret }}
            index=${list.first + i}
            measure=${list.measure}
            first=${Math.max(first, paragraph.first)}
            last=${Math.min(last, paragraph.end - 1)}
            heard=${heard >= paragraph.first && heard < paragraph.end ? heard : -1}
          />`,
      )}
      <div role="presentation" style=${{ height: `${list.below}px` }}></div>
    </div>
  `
}

interface ParagraphProps extends Selection {
  readonly paragraph: Paragraph
  readonly words: readonly Word[]
  readonly removed: readonly Span[]
  readonly caret: number
  readonly heard: number
  readonly index: number
  readonly measure: (index: number, element: HTMLElement | null) => void
}

/** Made anew only when something in it has changed. */
function ParagraphOf({
  paragraph,
  words,
  removed,
  first,
  last,
  caret,
  heard,
  index,
  measure,
}: ParagraphProps) {
  const own = words.slice(paragraph.first, paragraph.end)
  const cut = own.map((word) => (isCut(word, removed) ? '1' : '0')).join('')
  const caretHere = caret >= paragraph.first && caret < paragraph.end ? caret : -1
  const who = paragraph.speaker ?? ''
  const at = clock(own[0]!.startSeconds)
  return useMemo(
    () =>
      html`<div
        role="group"
        aria-label=${`${who} ${at}`}
        class="paragraph"
        ref=${(element: HTMLElement | null) => measure(index, element)}
      >
        <span class="who" aria-hidden="true">${who} <time>${at}</time></span>
        ${own.map((word, i) => wordSpan(word, paragraph.first + i, cut[i] === '1', first, last, caretHere, heard))}
      </div>`,
    [words, cut, Math.min(first, last + 1), last, caretHere, heard, index],
  )
}

function wordSpan(
  { text }: Word,
  index: number,
  isGone: boolean,
  first: number,
  last: number,
  caret: number,
  heard: number,
) {
  const isSelected = index >= first && index <= last
  const classes = [
    isGone && 'gone',
    isSelected && 'selected',
    index === caret && 'caret',
    index === heard && 'heard',
  ]
  return html`<span
    role="option"
    id=${idOf(index)}
    class=${classes.filter(Boolean).join(' ')}
    aria-selected=${isSelected}
    aria-label=${isGone ? `${text}, cut` : undefined}
    >${text}${' '}</span
  >`
}

interface ToolsProps extends Selection, Pick<TranscriptProps, 'words' | 'onCut' | 'onKeep' | 'onPlay'> {
  readonly onWiden: (by: number) => void
}

/** What can be done with the selected words, for who has no keys. */
function Tools({ first, last, words, onCut, onKeep, onPlay, onWiden }: ToolsProps) {
  const count = last - first + 1
  const what = count === 1 ? `“${words[first]!.text}”` : `${count} words`
  return html`<div class="tools" role="toolbar" aria-label="Selected words">
    <span class="quiet">${what} at ${clock(words[first]!.startSeconds)}</span>
    <button type="button" onClick=${() => onPlay(first)}>Play from here</button>
    ${
      onCut &&
      html`<button type="button" aria-label="Select one word less" onClick=${() => onWiden(-1)}>−</button>
        <button type="button" aria-label="Select one word more" onClick=${() => onWiden(1)}>+</button>
        <button type="button" onClick=${() => onCut({ first, last })}>
          Cut ${count === 1 ? 'this word' : 'these words'}
        </button>
        <button type="button" onClick=${() => onKeep!({ first, last })}>Bring back</button>`
    }
  </div>`
}

/** A speaker's words, fifty at most. */
function paragraphsOf(words: readonly Word[]): Paragraph[] {
  const found: { first: number; end: number; speaker: string | null; letters: number }[] = []
  words.forEach(({ speaker, text }, i) => {
    const last = found.at(-1)
    if (last?.speaker === speaker && last.end - last.first < mostWords) {
      last.end = i + 1
      last.letters += text.length + 1
    } else found.push({ first: i, end: i + 1, speaker, letters: text.length + 1 })
  })
  return found
}

/** The word that stands nearest in the line above or below, as the page shows it. */
function wordInLine(word: number, direction: 1 | -1): number {
  const from = document.getElementById(idOf(word))?.getBoundingClientRect()
  if (!from) return word + direction
  const center = from.left + from.width / 2
  let best: { word: number; line: number; distance: number } | undefined
  for (let next = word + direction; ; next += direction) {
    const place = document.getElementById(idOf(next))?.getBoundingClientRect()
    if (!place || (best && Math.abs(place.top - best.line) > 2)) break
    if (Math.abs(place.top - from.top) <= 2) continue
    const distance = Math.abs(place.left + place.width / 2 - center)
    if (!best || distance < best.distance) best = { word: next, line: place.top, distance }
  }
  return best?.word ?? word
}
