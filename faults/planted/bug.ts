/** What a planted bug is: one place of the sources that says something else. */
import type { ScenarioName } from '../simulation/scenarios.ts'

export interface PlantedBug {
  /** What is broken by it. */
  readonly name: string
  readonly file: string
  /** Occurs once in the file. */
  readonly find: string
  readonly replace: string
  /**
   * Who must notice: the simulation, in the scenario where it would show; or, for what the simulation has a stand-in, the
   * matrix of real processes.
   */
  readonly caughtBy: ScenarioName | 'guards' | { readonly matrix: 'episode' | 'publication' }
}
