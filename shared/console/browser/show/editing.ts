/**
 * Editing a document of settings that others may change too: what was typed, what is wrong with it, and saving it under
 * the revision that was seen. Hides that the API judges it a moment after each change.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import { get, post, put, Refused } from '../api.ts'
import { isSame, withValue, type Fields, type Path } from './document.ts'

export interface Problem {
  readonly path: Path
  readonly message: string
}

/** As the API has it. */
interface Stored {
  readonly revision: string | number
  readonly document: Fields
}

export interface Editing {
  readonly document: Fields
  readonly problems: readonly Problem[]
  readonly isChanged: boolean
  readonly isSaving: boolean
  readonly isSaved: boolean
  /** Why it was not saved. */
  readonly error: unknown
  /** What somebody else has saved meanwhile. */
  readonly newer: Stored | undefined
  readonly set: (path: Path, value: unknown) => void
  readonly replace: (document: Fields) => void
  /** Judges a text that is no document yet. */
  readonly judge: (text: string) => void
  readonly save: () => Promise<void>
  /** Saves what is saved once more, so that the feed is written anew. */
  readonly saveAgain: () => Promise<void>
  readonly takeNewer: () => void
  /** Saves what was typed in place of the newer. */
  readonly keepMine: () => Promise<void>
}

const settledMs = 300

/** `field`: what the document is called in requests and answers at `path`; `name`: to the judge. */
export function useEditing(
  path: string,
  field: 'settings' | 'template',
  name: 'podcast' | 'template',
  first: object,
): Editing {
  const storedIn = (answer: Fields): Stored => ({
    revision: answer['revision'] as string | number,
    document: answer[field] as Fields,
  })
  const [stored, setStored] = useState(() => storedIn(first as Fields))
  const [document, setDocument] = useState(stored.document)
  const [problems, setProblems] = useState<readonly Problem[]>([])
  const [state, setState] = useState<{ isSaving?: boolean; isSaved?: boolean; error?: unknown }>({})
  const [newer, setNewer] = useState<Stored>()
  const isChanged = !isSame(document, stored.document)
  const judging = useRef<{ timer?: ReturnType<typeof setTimeout>; last?: unknown }>({})

  const judge = (given: Fields | string): void => {
    clearTimeout(judging.current.timer)
    judging.current.last = given
    judging.current.timer = setTimeout(() => {
      void post<{ problems: Problem[] }>('/validate', { [name]: given })
        .then((answer) => {
          if (judging.current.last === given) setProblems(answer.problems)
        })
        .catch(() => undefined) // saving says the same, and why
    }, settledMs)
  }
  const replace = (changed: Fields): void => {
    setDocument(changed)
    setState({})
    judge(changed)
  }

  const saveUnder = async (revision: Stored['revision'], saved: Fields): Promise<void> => {
    setState({ isSaving: true })
    try {
      const now = storedIn(await put<Fields>(path, { revision, [field]: saved }))
      setStored(now)
      setDocument((typed) => (isSame(typed, saved) ? now.document : typed))
      setNewer(undefined)
      setState({ isSaved: true })
    } catch (error) {
      if (error instanceof Refused && error.code === 'changed_meanwhile') {
        setNewer(storedIn(await get<Fields>(path)))
        setState({})
      } else setState({ error })
    }
  }

  useEffect(() => {
    if (!isChanged) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [isChanged])

  return {
    document,
    problems,
    isChanged,
    isSaving: state.isSaving ?? false,
    isSaved: (state.isSaved ?? false) && !isChanged,
    error: state.error,
    newer,
    set: (at, value) => replace(withValue(document, at, value)),
    replace,
    judge,
    save: () => saveUnder(stored.revision, document),
    saveAgain: () => saveUnder(stored.revision, stored.document),
    takeNewer: () => {
      if (!newer) return
      setStored(newer)
      replace(newer.document)
      setNewer(undefined)
    },
    keepMine: async () => {
      if (newer) await saveUnder(newer.revision, document)
    },
  }
}
