/**
 * Has `sweep` called at a time, so that what is due then need not wait for the minute's own call. A call that cannot be
 * asked for is no fault: the next minute's finds the same.
 */
import type { Services } from '../engine/services.ts'
import { log } from '../log.ts'

/** `about`: what for; the same is called once. */
export async function askForSweep(
  { tasks, pipeline }: Pick<Services, 'tasks' | 'pipeline'>,
  about: string,
  at = new Date(),
): Promise<void> {
  const { queue } = pipeline.stage('publish')!
  try {
    await tasks.remind({ name: 'sweep', queue, about, at })
  } catch (error) {
    log.warn({ about, error: String(error) }, 'sweep could not be asked for; it comes within a minute')
  }
}
