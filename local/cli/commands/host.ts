/** Commands for the Spool of this machine: its keys, its servers, its state. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import type { Repair } from '../../../shared/housekeeping/repair.ts'
import { choosePorts, isFree } from '../../host/ports.ts'
import { askSecret, interrupted, root, stateDir, withCloud, WrongUsage } from '../frame.ts'

export function add(program: Command): void {
  program
    .command('key')
    .description("keep a provider's key, sealed: assemblyai, elevenlabs, deepgram, openai or gemini")
    .argument('<provider>')
    .option('--remove', 'forget it')
    .action(async (provider: string, { remove }: { remove?: true }) => {
      const { keyedProviders } = await import('../../../shared/providers/choose.ts')
      const { keepKey } = await import('../key.ts')
      if (!keyedProviders.includes(provider))
        throw new WrongUsage(`There is no provider "${provider}"; there are ${keyedProviders.join(', ')}.`)
      const key = remove ? undefined : await askSecret(`Key for ${provider}: `)
      if (key === '' && !(provider === 'openai' && process.env['OPENAI_URL'] !== undefined))
        throw new WrongUsage('No key was given. Only a server of your own (OPENAI_URL) may ask for none.')
      await withCloud(async (cloud) => void process.stdout.write(await keepKey(cloud, provider, key)))
    })

  program
    .command('api-key')
    .description('make a key for the HTTP API; it is shown once')
    .argument('[name]', 'what it is for', 'command line')
    .option('--read-only', 'a key that changes nothing')
    .action(async (name: string, { readOnly }: { readOnly?: true }) => {
      const { makeApiKey } = await import('../key.ts')
      await withCloud(
        async (cloud) =>
          void process.stdout.write(await makeApiKey(cloud, name, readOnly ? ['read'] : ['read', 'write'])),
      )
    })

  program
    .command('status')
    .description('what takes how much room, and what is cleared away next')
    .option('--json', 'print one JSON object instead of lines')
    .action(async ({ json }: { json?: true }) => {
      await withCloud(async (cloud) => {
        const { readStatus, summariseStatus } = await import('../status.ts')
        const status = await readStatus(cloud, stateDir)
        process.stdout.write(json ? `${JSON.stringify(status)}\n` : summariseStatus(status))
      })
    })

  program
    .command('up')
    .description('start everything and stay')
    .option('--port <number>', 'where the functions listen', Number)
    .action(async ({ port }: { port?: number }) => {
      if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536))
        throw new WrongUsage('--port takes a number from 1 to 65535.')
      const { attachToStaying, letAttach } = await import('../../host/attach.ts')
      const staying = existsSync(stateDir) ? await attachToStaying(stateDir) : undefined
      if (staying)
        throw new Error(
          `Spool is up already, at ${staying.env['FUNCTIONS_URL']}. ./spool console prints a link that signs you in there.`,
        )
      if (port !== undefined && !(await isFree(port)))
        throw new Error(`Port ${port} is taken. Free it, or choose another with --port.`)
      const { startLocalCloud } = await import('../../host/cloud.ts')
      const cloud = await startLocalCloud(stateDir, port === undefined ? {} : { ports: { functions: port } })
      await letAttach(stateDir, cloud)
      const { FUNCTIONS_URL, STORAGE_ENDPOINT, TASKS_ENDPOINT, PUBLIC_BASE_URL } = cloud.env
      const { consoleLink } = await import('../console.ts')
      process.stdout.write(
        'Spool is up.\n' +
          `  console    ${await consoleLink(cloud)} (good for one sign-in; another: ./spool console)\n` +
          `  api        ${FUNCTIONS_URL}/api (openapi.json there; make a key with: ./spool api-key)\n` +
          `  functions  ${FUNCTIONS_URL}\n` +
          `  storage    ${new URL(STORAGE_ENDPOINT!).origin}\n` +
          `  tasks      ${TASKS_ENDPOINT}\n` +
          `  public     ${PUBLIC_BASE_URL}\n` +
          `  log        ${cloud.logFile}\n` +
          'Make an episode, in another window (or drop the recording on the console):\n' +
          '  ./spool upload samples/conversation.flac --podcast trial --episode first --wait && ./spool download first\n' +
          'Ctrl-C ends it.\n',
      )
      await interrupted()
      await cloud.stop()
      process.stdout.write('Spool has stopped. What was being made goes on when it is up again.\n')
    })

  program
    .command('console')
    .description('print a link that signs you in to the pages of the Spool that is up')
    .action(async () => {
      const { attachToStaying } = await import('../../host/attach.ts')
      const cloud = await attachToStaying(stateDir)
      if (!cloud) throw new Error('Spool is not up here. Start it in another window: ./spool up')
      const { consoleLink } = await import('../console.ts')
      process.stdout.write(`${await consoleLink(cloud)}\n`)
    })

  program
    .command('migrate')
    .description('bring the database to the newest schema')
    .action(async () => {
      const { DATABASE_URL, FUNCTIONS_DATABASE_URL } = process.env
      const ran =
        DATABASE_URL === undefined
          ? await migrateLocal()
          : await migrateAt(DATABASE_URL, FUNCTIONS_DATABASE_URL)
      process.stdout.write(ran.length === 0 ? 'The database is up to date.\n' : `Ran ${ran.join(', ')}.\n`)
    })

  program
    .command('doctor')
    .description(
      'say what is there and what is missing, on this machine and in what was made here; mend the latter',
    )
    .option('--repair', 'bring rows and objects into line, as after a backup was restored')
    .option('--dry-run', 'with --repair: say what would be done, and do nothing')
    .option('--delete-orphans', 'with --repair: delete objects older than a day that no row knows')
    .option('--json', 'print one JSON object instead of lines')
    .action(async ({ repair = false, dryRun = false, deleteOrphans = false, json = false }: DoctorFlags) => {
      if (!repair && (dryRun || deleteOrphans))
        throw new WrongUsage('--dry-run and --delete-orphans go with --repair.')
      const doctor = await import('../doctor.ts')
      const { findings: onMachine, healthy } = await doctor.diagnose(root)
      const hasState = existsSync(path.join(stateDir, 'postgres'))
      const findings = [...onMachine]
      if (!repair && !json) process.stdout.write(doctor.describeFindings(onMachine))
      const repairs: Repair[] = []
      if (healthy && hasState)
        await withCloud(async (cloud) => {
          const providers = await doctor.diagnoseProviders(cloud)
          findings.push(...providers)
          if (!repair && !json) process.stdout.write(doctor.describeFindings(providers))
          const options = repair ? { dryRun, deleteOrphans } : { dryRun: true }
          for await (const found of doctor.repairAll(cloud, options)) {
            repairs.push(found)
            if (repair && !json) process.stdout.write(doctor.describeRepair(found))
          }
        })
      if (json) process.stdout.write(`${JSON.stringify({ findings, repairs })}\n`)
      else if (hasState) process.stdout.write(doctor.summariseRepairs(repairs, repair))
      if (!healthy) process.exitCode = 1
    })
}

async function migrateAt(databaseUrl: string, functionsUrl: string | undefined): Promise<string[]> {
  const { migrate } = await import('../../../shared/db/migrate.ts')
  return await migrate(databaseUrl, functionsUrl)
}

async function migrateLocal(): Promise<string[]> {
  const [{ startPostgres }, { holdFolder }] = await Promise.all([
    import('../../host/postgres.ts'),
    import('../../host/lock.ts'),
  ])
  await mkdir(stateDir, { recursive: true })
  const folder = await holdFolder(stateDir)
  try {
    const postgres = await startPostgres(
      path.join(stateDir, 'postgres'),
      (await choosePorts(stateDir)).database,
    )
    await postgres.ready
    return await migrateAt(postgres.url, postgres.functionsUrl).finally(postgres.stop)
  } finally {
    await folder.release()
  }
}

interface DoctorFlags {
  readonly repair?: boolean
  readonly dryRun?: boolean
  readonly deleteOrphans?: boolean
  readonly json?: boolean
}
