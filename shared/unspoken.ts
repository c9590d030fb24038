/**
 * Secrets that a library may quote in its messages, as clients do with whole addresses: no error of ours and no line of the
 * log says them.
 */
const secrets = new Set<string>()

/** From now on, in this process. */
export const keepUnspoken = (secret: string): void => void secrets.add(secret)

/** The text with a sign in place of each of them. */
export function unspoken(text: string): string {
  let told = text
  for (const secret of secrets) told = told.replaceAll(secret, '…')
  return told
}
