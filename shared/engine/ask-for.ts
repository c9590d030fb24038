/**
 * Has a function without a payload called: `sweep` for what is due at a time, `notify` for what webhooks are to be told.
 * A call that cannot be asked for is no fault, since every minute's sweep finds the same. Hides which queue it goes by.
 */
import { log } from '../log.ts'
import type { Services } from './services.ts'

/** The step whose queue has room for it: short ones wait with what is light, requests to strangers with vendors. */
const besideStep = { sweep: 'publish', notify: 'voice' } as const

/** `about`: what for; the same is called once. */
export async function askFor(
  name: keyof typeof besideStep,
  about: string,
  { tasks, pipeline }: Pick<Services, 'tasks' | 'pipeline'>,
  at = new Date(),
): Promise<void> {
  const { queue } = pipeline.stage(besideStep[name]) ?? pipeline.stages[0]!
  try {
    await tasks.remind({ name, queue, about, at })
  } catch (error) {
    log.warn(
      { name, about, error: String(error) },
      'a call could not be asked for; sweep comes within a minute',
    )
  }
}
