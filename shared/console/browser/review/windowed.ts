/**
 * Shows of a long list what can be seen of it, and a little more. Hides how tall each item is: guessed until it has been
 * seen once.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

/** Shown above and below what can be seen, in pixels. */
const marginPx = 300

export interface Windowed {
  /** Of the element that scrolls. */
  readonly scroller: { current: HTMLElement | null }
  readonly first: number
  /** One past the last that is shown. */
  readonly end: number
  /** Pixels that stand for what is not shown. */
  readonly above: number
  readonly below: number
  /** Called with each shown item's element. */
  readonly measure: (index: number, element: HTMLElement | null) => void
  readonly reveal: (index: number) => void
}

/** `guess`: pixels of an item, from the width there is. */
export function useWindowed(count: number, guess: (index: number, widthPx: number) => number): Windowed {
  const scroller = useRef<HTMLElement>(null)
  const heights = useRef(new Map<number, number>())
  const [view, setView] = useState({ top: 0, height: 600, width: 600, measured: 0 })

  const look = useCallback(() => {
    const element = scroller.current
    if (!element) return
    const [top, height, width] = [element.scrollTop, element.clientHeight, element.clientWidth]
    setView((before) => {
      if (before.width !== width) heights.current.clear()
      const isSame = before.top === top && before.height === height && before.width === width
      return isSame ? before : { ...before, top, height, width }
    })
  }, [])
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return undefined // nothing is listed
    element.addEventListener('scroll', look, { passive: true })
    const resized = new ResizeObserver(look)
    resized.observe(element)
    look()
    return () => {
      element.removeEventListener('scroll', look)
      resized.disconnect()
    }
  }, [])

  const offsets = new Float64Array(count + 1)
  for (let i = 0; i < count; i++)
    offsets[i + 1] = offsets[i]! + (heights.current.get(i) ?? guess(i, view.width))
  const first = Math.max(0, lastAtOrBefore(offsets, view.top - marginPx))
  const end = Math.min(count, lastAtOrBefore(offsets, view.top + view.height + marginPx) + 1)

  const grown = useRef(false)
  const measure = useCallback((index: number, element: HTMLElement | null) => {
    const height = element?.getBoundingClientRect().height
    if (height === undefined || height === heights.current.get(index)) return
    heights.current.set(index, height)
    grown.current = true
  }, [])
  useEffect(() => {
    if (!grown.current) return
    grown.current = false
    setView((before) => ({ ...before, measured: before.measured + 1 }))
  })

  const reveal = (index: number): void => {
    const element = scroller.current
    if (!element || index < 0) return
    const [top, bottom] = [offsets[index]!, offsets[index + 1]!]
    if (top >= element.scrollTop && bottom <= element.scrollTop + element.clientHeight) return
    element.scrollTop = Math.max(0, top - element.clientHeight / 3)
    look()
  }
  const all = offsets[count]!
  return { scroller, first, end, above: offsets[first]!, below: all - offsets[end]!, measure, reveal }
}

/** The last offset that is not behind `at`. */
function lastAtOrBefore(offsets: Float64Array, at: number): number {
  let [low, high] = [0, offsets.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (offsets[middle]! <= at) low = middle
    else high = middle - 1
  }
  return low
}
