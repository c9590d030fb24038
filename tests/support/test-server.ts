/**
 * Where the PostgreSQL of the run is: global-setup.ts starts it and says so in the environment that every
 * test file inherits.
 */

/** Where a cluster lies that nobody has used yet. */
export const clusterVariable = 'TEST_POSTGRES_CLUSTER'
export const serverVariable = 'TEST_POSTGRES_URL'
/** As the functions may use it. */
export const functionsVariable = 'TEST_POSTGRES_FUNCTIONS_URL'
/** The folder of its socket. */
export const socketVariable = 'TEST_POSTGRES_SOCKETS'
/** What `schema` says of the template. */
export const schemaVariable = 'TEST_POSTGRES_SCHEMA'
/** Migrated, and never connected to: every test's database was copied from it. */
export const template = 'spool_template'

export const serverUrl = (variable = serverVariable): string => {
  const url = process.env[variable]
  if (url === undefined)
    throw new Error('There is no test server: run the tests through jest, whose global setup starts it.')
  return url
}

export const addressOf = (name: string, variable = serverVariable): string =>
  serverUrl(variable).replace(/\/postgres$/, `/${name}`)

/** One row that is another one when anything of the schema is. A copy has the object identifiers of what it was copied from. */
export const schema = `
  SELECT md5(string_agg(part, ',' ORDER BY part)) AS schema FROM (
    SELECT concat_ws(' ', oid, relname, relnatts) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', oid, proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', oid, conname) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', oid, tgname, tgenabled) FROM pg_trigger
  ) AS parts (part)`
