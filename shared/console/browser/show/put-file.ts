/** Sends one file of moderate size to the bucket, in one piece. Hides that only XMLHttpRequest tells how far it is. */
import { post } from '../api.ts'

export interface Sending {
  /** From 0 to 1. */
  readonly onProgress?: (share: number) => void
}

/** Where it goes: a podcast's assets, or the mailboxes. */
export type Place = { readonly podcast: string } | { readonly mailbox: true }

/** Throws Refused before it begins; TypeError where it breaks off. */
export async function putFile(
  place: Place,
  file: File,
  name = file.name,
  { onProgress }: Sending = {},
): Promise<void> {
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? { type: file.type } : {}
  const { url } = await post<{ url: string }>('/uploads', { ...place, file: name, bytes: file.size, ...type })
  await new Promise<void>((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.upload.addEventListener('progress', ({ loaded, total }) => onProgress?.(loaded / (total || 1)))
    request.addEventListener('load', () =>
      request.status < 300
        ? resolve()
        : reject(new Error(`The file was not taken: the answer was ${request.status}.`)),
    )
    request.addEventListener('error', () => reject(new TypeError('The upload broke off.')))
    request.open('PUT', url)
    request.send(file)
  })
}
