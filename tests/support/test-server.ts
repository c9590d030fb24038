/**
 * Where the PostgreSQL of the run is: global-setup.ts starts it and says so in the environment that every
 * test file inherits.
 */

export const serverVariable = 'TEST_POSTGRES_URL'
/** Migrated, and never connected to: every test's database was copied from it. */
export const template = 'spool_template'

export const serverUrl = (): string => {
  const url = process.env[serverVariable]
  if (url === undefined)
    throw new Error('There is no test server: run the tests through jest, whose global setup starts it.')
  return url
}

export const addressOf = (name: string): string => serverUrl().replace(/\/postgres$/, `/${name}`)
