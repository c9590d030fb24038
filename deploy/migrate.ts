/**
 * The program of the job that runs before a deploy: brings the database at DATABASE_URL to the newest schema, lets the
 * user of FUNCTIONS_DATABASE_URL work on it, and says what it ran.
 */
import { migrate } from '../shared/db/migrate.ts'

const { DATABASE_URL, FUNCTIONS_DATABASE_URL } = process.env
if (DATABASE_URL === undefined) throw new Error('DATABASE_URL is not set: it names the database to migrate.')
const ran = await migrate(DATABASE_URL, FUNCTIONS_DATABASE_URL)
process.stdout.write(ran.length === 0 ? 'The database is up to date.\n' : `Ran ${ran.join(', ')}.\n`)
