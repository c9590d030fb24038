/** The kinds' colours as this page shows them, on light or on dark. */
import type { Kind } from './model.ts'

const dark = matchMedia('(prefers-color-scheme: dark)')

export const colourOf = (kinds: readonly Kind[], kind: string): string =>
  kinds.find((one) => one.kind === kind)?.colours[dark.matches ? 1 : 0] ?? '#888888'

/** A variable of the stylesheet. */
export const styled = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim()
