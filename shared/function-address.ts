/** The address of one function, of where all of them are: below it, or in the place of its `{name}`. */
export function addressOf(functionsUrl: string, name: string): string {
  const all = functionsUrl.replace(/\/$/, '')
  return all.includes('{name}') ? all.replace('{name}', name) : `${all}/${name}`
}
