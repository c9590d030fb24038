/**
 * Scripts of spoken segments: text with variables in braces. Hides which variables there are and what happens to one that nobody gave a value.
 */
import type { z } from 'zod'
import { Permanent } from './errors.ts'

export const variableNames = ['podcast_name', 'episode_title', 'episode_number', 'season_number', 'date', 'guest'] as const
export type VariableName = (typeof variableNames)[number]
/** Values are as they are spoken; what is not known is absent. */
export type Variables = Readonly<Partial<Record<VariableName, string>>>

const placeholder = /\{([^{}]*)\}/g
const isKnown = (name: string): name is VariableName => (variableNames as readonly string[]).includes(name)

/** A zod refinement: every name in braces is a variable. */
export function checkVariables(script: string, { addIssue }: z.RefinementCtx): void {
  for (const [, name] of script.matchAll(placeholder)) {
    if (!isKnown(name!.trim()))
      addIssue({ code: 'custom', message: `there is no variable {${name}}; there are ${variableNames.map((one) => `{${one}}`).join(', ')}` })
  }
}

/** The script as it is spoken. Throws Permanent `missing_variable` that names what has no value and who needs it. */
export function fillScript(script: string, variables: Variables, neededBy: string): string {
  return script.replaceAll(placeholder, (_, name: string) => {
    const value = variables[name.trim() as VariableName]
    if (value === undefined)
      throw new Permanent(
        'missing_variable',
        `${neededBy} says {${name.trim()}}, but the episode has no such value. Give it in episode.json, or change the script.`,
      )
    return value
  })
}
