/** Ends what global-setup.ts started. */
const place = Symbol.for('spool test teardown')
const kept = globalThis as { [place]?: () => Promise<void> }

/** Jest loads the two files apart from each other; only the process is common to both. */
export function keepForTeardown(end: () => Promise<void>): void {
  kept[place] = end
}

export default async function stopServer(): Promise<void> {
  await kept[place]?.()
}
