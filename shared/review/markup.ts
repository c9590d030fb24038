/** Texts and times as the review page writes them. */

export const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

export function clock(seconds: number, decimals = 0): string {
  const rounded = Number(seconds.toFixed(decimals))
  const [hours, minutes] = [Math.floor(rounded / 3600), Math.floor((rounded / 60) % 60)]
  const rest = (rounded % 60).toFixed(decimals).padStart(decimals === 0 ? 2 : 3 + decimals, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}
