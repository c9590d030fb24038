/**
 * Plays one schedule: what its choices say happens, one after another; then nothing is disturbed any more, everything
 * comes to its end, and what is true of every world is asked.
 */
import { bringToEnd } from './finale.ts'
import { openHappenings, type Choice, type Disturbance } from './happenings.ts'
import { complaintsAbout } from './invariants.ts'
import { scenarios, type Scenario, type ScenarioName } from './scenarios.ts'
import { openStage } from './stage.ts'
import type { Mood } from './toys.ts'
import { openWorld, type Theatre } from './world.ts'

export interface Schedule {
  readonly scenario: ScenarioName
  readonly moods: readonly Mood[]
  readonly remembersNames: boolean
  readonly looksUp: boolean
  /** The first of the scenario's actions is over before anything is disturbed. */
  readonly beginsCalmly: boolean
  /** Which of the scenario's actions are left out, a bit each: what many do hides what few would show. */
  readonly without: number
  /** Of the things that disturb, only these happen. */
  readonly disturbances: readonly Disturbance[]
  readonly choices: readonly Choice[]
}

export interface Played {
  /** A line for each thing that happened while it was disturbed. */
  readonly trace: readonly string[]
  /** None when all is as it should be. */
  readonly complaints: readonly string[]
}

export async function play(theatre: Theatre, schedule: Schedule): Promise<Played> {
  const scenario: Scenario = scenarios[schedule.scenario]
  const world = await openWorld(theatre, { ...schedule, ...scenario })
  const stage = openStage(world, scenario, schedule.without)
  const trace: string[] = []
  const happen = openHappenings(stage, schedule.disturbances, trace)
  try {
    for (const action of scenario.before ?? []) {
      await stage.act(action)
      await bringToEnd(stage)
    }
    if (schedule.beginsCalmly) await stage.act(scenario.actions[0]!)
    for (const choice of schedule.choices) await happen(choice)
    for (const action of stage.waiting) if (action.isNews) stage.owed.add(action)
    const complaints = (await bringToEnd(stage)) ? [] : ['It never comes to its end.']
    return { trace, complaints: [...complaints, ...(await complaintsAbout(world, scenario))] }
  } catch (error) {
    return { trace, complaints: [`It breaks off: ${String(error)}`] }
  } finally {
    await world.processes.kill(...world.processes.all)
    world.processes.close()
  }
}
