/** What is dropped: folders are looked into, and a recording is asked how long it is. */

/** Every file of a drop, those in folders too. */
export async function filesOf({ items, files }: DataTransfer): Promise<File[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  return entries.length === 0 ? [...files] : (await Promise.all(entries.map(inEntry))).flat()
}

async function inEntry(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [
      await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
    ]
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const found: File[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return found
    for (const inner of some) if (!inner.name.startsWith('.')) found.push(...(await inEntry(inner)))
  }
}

/** Seconds of a recording, as far as the browser can tell; undefined when it cannot. */
export const secondsOf = (file: File): Promise<number | undefined> =>
  new Promise((resolve) => {
    const audio = new Audio()
    const url = URL.createObjectURL(file)
    const done = (seconds: number | undefined) => {
      URL.revokeObjectURL(url)
      resolve(seconds)
    }
    audio.preload = 'metadata'
    audio.onloadedmetadata = () => done(Number.isFinite(audio.duration) ? audio.duration : undefined)
    audio.onerror = () => done(undefined)
    audio.src = url
  })
