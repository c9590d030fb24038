/** Which of the files beside a recording are told of with all their bytes before they are sent: a request has room for so many. */

const roomBytes = 600 * 1024

/** The smallest first: settings before words and pictures. */
export function toldWhole<T extends { readonly bytes: number }>(files: readonly T[]): Set<T> {
  const whole = new Set<T>()
  let left = roomBytes
  for (const file of [...files].sort((a, b) => a.bytes - b.bytes)) {
    left -= file.bytes
    if (left < 0) break
    whole.add(file)
  }
  return whole
}
