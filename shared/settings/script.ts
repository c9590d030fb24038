/**
 * Scripts of spoken segments: text with variables in braces. Hides which variables there are and what happens
 * to one without a value.
 */
import type { z } from 'zod'
import { Permanent } from '../errors.ts'

export const variableNames = [
  'podcast_name',
  'episode_title',
  'episode_number',
  'season_number',
  'date',
  'guest',
] as const
export type VariableName = (typeof variableNames)[number]
/** The variables that a letter of listener mail fills. */
export const letterVariableNames = ['from', 'subject', 'text'] as const
/** Values are as they are spoken; what is not known is absent. */
export type Variables = Readonly<Partial<Record<VariableName | (typeof letterVariableNames)[number], string>>>

/** What a variable is called where it is given, if not so. */
const keys: Readonly<Record<string, string>> = {
  episode_title: 'title',
  episode_number: 'number',
  season_number: 'season',
}

const placeholder = /\{([^{}]*)\}/g

/** A zod refinement: every name in braces is one of these. */
export const checkVariables =
  (names: readonly string[]) =>
  (script: string, { addIssue }: z.RefinementCtx): void => {
    for (const [, name] of script.matchAll(placeholder)) {
      if (!names.includes(name!.trim()))
        addIssue({
          code: 'custom',
          message: `there is no variable {${name}}; there are ${names.map((one) => `{${one}}`).join(', ')}`,
        })
    }
  }

/** The names of the variables that a script says. */
export const variablesIn = (script: string): ReadonlySet<string> =>
  new Set(script.matchAll(placeholder).map(([, name]) => name!.trim()))

/**
 * The script as it is spoken. Throws Permanent `missing_variable` that names what has no value and who needs
 * it.
 */
export function fillScript(script: string, variables: Variables, neededBy: string): string {
  return script.replaceAll(placeholder, (_, name: string) => {
    const value = variables[name.trim() as keyof Variables]
    if (value === undefined)
      throw new Permanent(
        'missing_variable',
        `${neededBy} says {${name.trim()}}, but the episode has no such value. ` +
          `Give it ${inWhichWays(keys[name.trim()] ?? name.trim())}, or change the script.`,
      )
    return value
  })
}

/** What a command has an option for is given so as well. */
const inWhichWays = (setting: string): string =>
  `as "${setting}" in episode.json or in the field of that name` +
  (setting === 'number' ? ', or with --number' : '')
