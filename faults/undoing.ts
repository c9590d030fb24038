/**
 * Undoes what was made for a proof, however it ends: a person who interrupts it leaves no process, folder or disk behind.
 */
type Undo = () => Promise<unknown>

const undoings: Undo[] = []
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** As a shell says it of an interrupted command. */
const interruptedCode = 130

/** Uses what was made, and undoes it then, or as soon as the process is asked to end. */
export async function undoing<T>(undo: Undo, use: () => Promise<T>): Promise<T> {
  const once = onlyOnce(undo)
  if (undoings.length === 0) signals.forEach((signal) => process.on(signal, interrupted))
  undoings.push(once)
  try {
    return await use()
  } finally {
    await once()
    undoings.splice(undoings.indexOf(once), 1)
    if (undoings.length === 0) signals.forEach((signal) => process.off(signal, interrupted))
  }
}

/** The latest first; what cannot be undone keeps nothing else from it. */
async function undoAll(): Promise<void> {
  for (const undo of undoings.toReversed())
    await undo().catch((error: unknown) => process.stderr.write(`spool: ${String(error)}\n`))
  process.exit(interruptedCode)
}

let isInterrupted = false
function interrupted(): void {
  if (isInterrupted) return
  isInterrupted = true
  void undoAll()
}

function onlyOnce(undo: Undo): Undo {
  let done: Promise<unknown> | undefined
  return () => (done ??= undo())
}
