/**
 * Times as people and programs write them: "01:02:03.500", "62:03", "3723,5". Hides which spellings there are; what
 * could mean two things is none.
 */

const clock =
  /^(?<sign>[-−]?)(?:(?:(?<hours>\d{1,4}):)?(?<minutes>\d{1,4}):)?(?<seconds>\d{1,6}(?:[.,]\d{1,9})?)$/

/** Seconds, below zero behind a minus sign; undefined for anything that is no time, as one that counts frames. */
export function secondsOf(text: string): number | undefined {
  const { sign, hours, minutes, seconds } = clock.exec(text.trim())?.groups ?? {}
  if (seconds === undefined) return undefined
  const [h, m, s] = [Number(hours ?? 0), Number(minutes ?? 0), Number(seconds.replace(',', '.'))]
  const isClock = (minutes === undefined || s < 60) && (hours === undefined || m < 60)
  if (!isClock) return undefined
  const total = 3600 * h + 60 * m + s
  return sign ? -total : total
}

/** Minutes and seconds as people read them: 83.4 is 1:23. */
export function minutesOf(seconds: number): string {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
