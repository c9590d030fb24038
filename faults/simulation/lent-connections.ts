/**
 * Connections to the database that are lent instead of opened: the product opens one for every block, which costs a
 * process of the server each time, a hundred times a schedule. Hides a stock of them that knex gets in place of the driver's,
 * whose connection each is, and what becomes of one whose process has ended: its transaction is rolled back.
 */
import { EventEmitter } from 'node:events'
import knex from 'knex'
import pg from 'pg'
import { planned } from './planned.ts'

type Answer = (error: unknown, result?: unknown) => void
type Statement = { readonly text: string } | string

/** A connection of the server's. */
export interface Backend {
  readonly pid: number
  readonly client: pg.Client
  isInTransaction: boolean
}

/** Who borrows: all connections of one process of the simulation. */
export interface Borrower {
  readonly loans: Set<Loan>
  /** Those it has had: nobody else has them in this schedule. */
  readonly backends: Backend[]
}

export interface Loan {
  readonly backend: Backend
  /** From now on it is a connection that was lost; waits for a statement that waits for a lock. */
  readonly cut: () => Promise<void>
}

export interface Stock {
  /** Statements that were sent and not answered. */
  readonly underWay: ReadonlySet<Backend>
  /** Which of them wait for somebody's lock. */
  readonly blocked: () => Promise<Set<Backend>>
  /** Called with each answer. */
  onAnswer: () => void
  /** Called with each statement that failed. */
  onFault: (code: string, message: string) => void
  /** Whose the next connection is. */
  borrower: () => Borrower | undefined
  /** Every connection is anybody's again. */
  readonly reset: () => void
  readonly close: () => Promise<void>
}

const lost = (): Error => Object.assign(new Error('The connection was cut.'), { code: 'ECONNRESET' })

/** From now on whoever opens a connection to `url` with the driver is lent one; until the stock is closed. */
export async function lendConnections(url: string): Promise<Stock> {
  const idle: Backend[] = []
  const everything: Backend[] = []
  const underWay = new Set<Backend>()
  const watch = new pg.Client({ connectionString: url })
  await watch.connect()

  const take = async (borrower: Borrower): Promise<Backend> => {
    const isFree = (backend: Backend) => ![...borrower.loans].some((loan) => loan.backend === backend)
    const own = borrower.backends.find(isFree)
    if (own) return own
    const backend = idle.shift() ?? (await open())
    borrower.backends.push(backend)
    return backend
  }
  const open = async (): Promise<Backend> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const backend = {
      pid: (client as unknown as { processID: number }).processID,
      client,
      isInTransaction: false,
    }
    everything.push(backend)
    return backend
  }

  class LentClient extends EventEmitter {
    #loan: Loan | undefined
    #borrower: Borrower | undefined
    #isCut = false

    async connect(): Promise<void> {
      const borrower = stock.borrower()
      if (!borrower) throw new Error('Only a process of the simulation may open a connection.')
      const backend = await take(borrower)
      const cut = async (): Promise<void> => {
        this.#isCut = true
        borrower.loans.delete(loan)
        if (!backend.isInTransaction && !underWay.has(backend)) return
        await backend.client.query('ROLLBACK') // behind what is under way
        backend.isInTransaction = false
      }
      const loan = { backend, cut }
      borrower.loans.add(loan)
      this.#loan = loan
      this.#borrower = borrower
    }

    query(statement: Statement, answer: Answer): void {
      const { backend } = this.#loan!
      if (this.#isCut) {
        setImmediate(() => answer(lost()))
        return
      }
      const text = typeof statement === 'string' ? statement : statement.text
      if (/^BEGIN/.test(text)) backend.isInTransaction = true
      underWay.add(backend)
      backend.client.query(named(statement) as string, (error: Error | null, result: unknown) => {
        underWay.delete(backend)
        if (/^(COMMIT|ROLLBACK;?$)/.test(text)) backend.isInTransaction = false
        if (error) stock.onFault(String((error as { code?: unknown }).code), error.message)
        answer(error, result)
        stock.onAnswer()
      })
    }

    end(done: (error?: unknown) => void): void {
      this.#borrower?.loans.delete(this.#loan!)
      setImmediate(done)
    }
  }

  const stock: Stock = {
    underWay,
    blocked: async () => {
      if (underWay.size === 0) return new Set()
      const pids = [...underWay].map(({ pid }) => pid)
      const { rows } = await watch.query<{ pid: number }>(
        `SELECT pid FROM unnest($1::int[]) AS pid WHERE cardinality(pg_blocking_pids(pid)) > 0`,
        [pids],
      )
      const found = new Set(rows.map(({ pid }) => pid))
      return new Set([...underWay].filter(({ pid }) => found.has(pid)))
    },
    onAnswer: () => undefined,
    onFault: () => undefined,
    borrower: () => undefined,
    reset: () => {
      idle.splice(0, Infinity, ...everything)
    },
    close: async () => {
      giveBackDriver()
      await Promise.all([watch, ...everything.map(({ client }) => client)].map((client) => client.end()))
    },
  }
  const giveBackDriver = takeDriver({ Client: LentClient })
  return stock
}

/** One without values may be several, which have no plan to keep. */
const named = (statement: Statement): Statement =>
  typeof statement === 'string' || !('values' in statement) || (statement.values as unknown[]).length === 0
    ? statement
    : planned(statement)

/** Knex asks its dialect for the driver each time. Returns how to give it back. */
function takeDriver(driver: unknown): () => void {
  const { client } = knex({ client: 'pg' }) as { client: object }
  const dialect = Object.getPrototypeOf(client) as { _driver: () => unknown }
  const own = dialect._driver
  dialect._driver = () => driver
  return () => {
    dialect._driver = own
  }
}
