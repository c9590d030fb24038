/** Which show a new episode is of, for as long as nobody has said so: never one of several by chance. */

/** In place of a show's name: one that is to be begun. */
export const aNewShow = '+'

/** Of the shows there are; the one used last where there are several, and empty where nobody can know. */
export function showChosen(chosen: string, last: string, shows: readonly string[]): string {
  if (shows.length === 0 || chosen === aNewShow) return aNewShow
  return [chosen, last].find((show) => shows.includes(show)) ?? (shows.length === 1 ? shows[0]! : '')
}
