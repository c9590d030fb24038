/**
 * The letters picked for the next episode. They are kept in this browser, under `spool.letters`, as a list of
 * {id, subject} in the order of picking, which the page for a new episode reads.
 */
import { useEffect, useState } from 'preact/hooks'

export interface Picked {
  readonly id: string
  readonly subject: string
}

const key = 'spool.letters'
/** As episode.json takes them. */
export const mostPicked = 100

function read(): readonly Picked[] {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? '[]') as unknown
    return Array.isArray(kept) ? (kept as Picked[]).filter(({ id }) => typeof id === 'string') : []
  } catch {
    return []
  }
}

export function usePicked() {
  const [picked, setPicked] = useState(read)
  useEffect(() => {
    const look = (event: StorageEvent) => {
      if (event.key === key) setPicked(read())
    }
    addEventListener('storage', look) // another tab
    return () => removeEventListener('storage', look)
  }, [])
  const keep = (changed: readonly Picked[]) => {
    localStorage.setItem(key, JSON.stringify(changed))
    setPicked(changed)
  }
  return {
    picked,
    toggle: ({ id, subject }: Picked) =>
      keep(
        picked.some((each) => each.id === id)
          ? picked.filter((each) => each.id !== id)
          : [...picked, { id, subject }],
      ),
    clear: () => keep([]),
  }
}
