/** Has the server plan a statement once on each connection: planning is most of what most statements cost. */
const names = new Map<string, string>()

/** The statement under a name of its own, by which the server keeps its plan. */
export function planned<T extends { readonly text: string }>(statement: T): T & { readonly name: string } {
  const name = names.get(statement.text) ?? `s${names.size}`
  names.set(statement.text, name)
  return { ...statement, name }
}
