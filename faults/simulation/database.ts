/**
 * The database of a simulation: the product's own schema on a real PostgreSQL, emptied for every schedule. Hides what is
 * simulated in it (the clock, and ids that are counted so that a schedule comes out the same each time), and the journal
 * in which every committed change of a run, a step or an episode stands with the backend that made it.
 */
import pg from 'pg'
import { migrate } from '../../shared/db/migrate.ts'
import { putClockForward, resetClock } from './clock.ts'
import { planned } from './planned.ts'

/** What the schedule itself asks: no process of the simulation does. */
export interface SimulatedDatabase {
  readonly url: string
  readonly rows: <T>(sql: string, values?: readonly unknown[]) => Promise<T[]>
  /** Nothing is left of the schedule before; then there is what the statement `first` makes. */
  readonly empty: (first?: string) => Promise<void>
  /** Milliseconds since 1970, by its clock. */
  readonly now: () => Promise<number>
  /** Leases, due times and ages are so much closer to their end. */
  readonly jump: (ms: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** Looked for before PostgreSQL's own functions, and after the product's tables. */
const simulated = `
  CREATE SCHEMA simulated;
  CREATE SEQUENCE simulated.ahead_ms MINVALUE 0 START 0;
  CREATE SEQUENCE simulated.ids;
  CREATE FUNCTION simulated.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT pg_catalog.clock_timestamp() + (SELECT last_value FROM simulated.ahead_ms) * interval '1 millisecond'
  $$;
  CREATE FUNCTION simulated.gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT lpad(to_hex(nextval('simulated.ids')), 32, '0')::uuid
  $$;`

/** What the journal keeps of a row. */
const witnessed = {
  runs: {
    events: 'INSERT OR UPDATE',
    columns: ['id', 'user_id', 'episode_id', 'status', 'processed', 'committed', 'context'],
  },
  steps: {
    events: 'INSERT OR UPDATE',
    columns: ['run_id', 'step', 'part', 'status', 'turn', 'attempt', 'progress', 'due_at', 'lease_until'],
  },
  episodes: { events: 'UPDATE', columns: ['id', 'user_id', 'status', 'hold_reason'] },
} as const

const asJson = (row: string, columns: readonly string[]): string =>
  `jsonb_build_object(${columns.map((column) => `'${column}', ${row}.${column}`).join(', ')})`

/**
 * What a toy step records stands in `effects`: without a key, so that twice is seen. The journal is written at the end of a
 * transaction, so that its order is that in which changes came to count.
 */
const witnesses = `
  CREATE TABLE simulated.effects (run_id uuid NOT NULL, step text NOT NULL, part integer NOT NULL, process text NOT NULL);
  CREATE TABLE simulated.journal (
    seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    backend  integer NOT NULL,
    at       timestamptz NOT NULL,
    relation text NOT NULL,
    before   jsonb,
    after    jsonb
  );
  ${Object.entries(witnessed)
    .map(
      ([table, { events, columns }]) => `
  CREATE FUNCTION simulated.write_down_${table}() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO simulated.journal (backend, at, relation, before, after)
    VALUES (pg_backend_pid(), simulated.clock_timestamp(), TG_TABLE_NAME,
            CASE TG_OP WHEN 'UPDATE' THEN ${asJson('OLD', columns)} END, ${asJson('NEW', columns)});
    RETURN NULL;
  END $$;
  CREATE CONSTRAINT TRIGGER written_down AFTER ${events} ON ${table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION simulated.write_down_${table}();`,
    )
    .join('')}`

/** Makes the database `name` on the server, in place of one of that name. */
export async function openDatabase(serverUrl: string, name: string): Promise<SimulatedDatabase> {
  const url = serverUrl.replace(/\/postgres(?=$|\?)/, `/${name}`)
  const onServer = async (sql: string) => {
    const server = await connected(serverUrl)
    await server.query(sql).finally(() => server.end())
  }
  await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  await onServer(`CREATE DATABASE ${name} TEMPLATE template0`)
  await onServer(`ALTER DATABASE ${name} SET search_path = public, simulated, pg_catalog`)
  await onServer(`ALTER DATABASE ${name} SET deadlock_timeout = '20ms'`)
  await onServer(`ALTER DATABASE ${name} SET plan_cache_mode = force_generic_plan`)
  await onServer(`ALTER DATABASE ${name} SET jit = off`)
  const first = await connected(url)
  await first.query(simulated).finally(() => first.end())
  await migrate(url)
  const client = await connected(url)
  await client.query(witnesses)
  const emptier = await connected(url)
  await emptier.query(await functionThatEmpties(client))
  let emptied = 0
  return {
    url,
    rows: async <T>(sql: string, values: readonly unknown[] = []) => {
      const statement = { text: sql, values: [...values] }
      // anything else may be several statements, which have no plan to keep
      return (await client.query(/^\s*SELECT/.test(sql) ? planned(statement) : statement)).rows as T[]
    },
    empty: async (first = '') => {
      resetClock()
      await emptier.query(`SELECT simulated.empty();${first}`)
      if (++emptied % vacuumEvery === 0) await client.query('VACUUM')
    },
    now: async () => {
      const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now')
      return rows[0]!.now.getTime()
    },
    jump: async (ms) => {
      putClockForward(ms)
      await client.query(
        planned({
          text: `SELECT setval('simulated.ahead_ms', last_value + $1::bigint) FROM simulated.ahead_ms`,
          values: [ms],
        }),
      )
    },
    close: async () => {
      await Promise.all([client.end(), emptier.end()])
      await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
}

/** Schedules, after which what they left behind is cleared away. */
const vacuumEvery = 100

async function connected(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  return client
}

/** For a connection of its own: neither guards nor foreign keys count there, since all goes; and plans are kept. */
async function functionThatEmpties(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name
     FROM pg_tables
     WHERE schemaname IN ('public', 'simulated')
       AND tablename NOT LIKE 'migrations%'`,
  )
  return `
    SET session_replication_role = replica;
    CREATE FUNCTION simulated.empty() RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
      ${rows.map(({ name }) => `DELETE FROM ${name};`).join('\n      ')}
      PERFORM setval('simulated.ahead_ms', 0), setval('simulated.ids', 1);
    END $$`
}
