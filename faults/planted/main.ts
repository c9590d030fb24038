/** Hunts the planted bugs by itself: `node faults/planted/main.ts --seed 1 --only "part of a name"`. */
import { parseArgs } from 'node:util'
import { log } from '../../shared/log.ts'
import { hunt, plantedBugs } from './planted-bugs.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    schedules: { type: 'string', default: '3000' },
    only: { type: 'string', default: '' },
  },
})

log.level = 'silent' // its output is the report

const { total, caught, escaped } = await hunt({
  seed: Number(values.seed),
  schedules: Number(values.schedules),
  bugs: plantedBugs.filter(({ name }) => name.includes(values.only)),
  onHunted: ({ bug, isCaught, schedules, complaint }) =>
    void process.stdout.write(
      `${isCaught ? '✓' : '✗ ESCAPED'} ${bug.name} (${bug.file}): ${schedules} schedules. ${complaint ?? ''}\n`,
    ),
})
process.stdout.write(`${caught} of ${total} planted bugs were noticed.\n`)
process.exitCode = escaped.length > 0 ? 1 : 0
