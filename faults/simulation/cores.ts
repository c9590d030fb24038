/**
 * Keeps a program on one core, where the system has a way. A lane and its database take turns: waking another core for each
 * statement costs more than the turn.
 */
import { existsSync, readFileSync } from 'node:fs'

/** Of util-linux. */
const taskset = '/usr/bin/taskset'

/** What stands before a program so that it runs on one of the cores that this process may use; nothing where there is no way. */
export function onCore(which: number): readonly string[] {
  if (!existsSync(taskset)) return []
  const cores = allowedCores()
  return [taskset, '--cpu-list', String(cores[which % cores.length])]
}

/** From a list such as "0-3,6" (proc_pid_status(5)). */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number) as [number, number?]
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}
