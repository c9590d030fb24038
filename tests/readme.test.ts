// What README.md and the pages of docs/ tell people to type and to write is what Spool takes.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { expect, test } from '@jest/globals'
import { add as addEars } from '../local/cli/commands/ears.ts'
import { add as addEpisodes } from '../local/cli/commands/episodes.ts'
import { add as addHost } from '../local/cli/commands/host.ts'
import { add as addMaking } from '../local/cli/commands/making.ts'
import { add as addShows } from '../local/cli/commands/shows.ts'
import { add as addSound } from '../local/cli/commands/sound.ts'
import { parseTemplate } from '../shared/settings/settings.ts'

const root = path.join(import.meta.dirname, '..')
const pages = [
  'README.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
]
const blocks = pages.flatMap((page) =>
  [...readFileSync(path.join(root, page), 'utf8').matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(
    ([, kind, text]) => ({
      page,
      kind: kind!,
      text: text!,
    }),
  ),
)

/** Of main.ts, which starts when it is read: what proves Spool. */
const proofs = new Set(['rehearse', 'bench', 'faults', 'fuzz', 'test'])
const commands = blocks
  .filter(({ kind }) => kind === 'sh')
  .flatMap(({ page, text }) =>
    text.split('\n').map((line) => ({ page, line: line.replace(/\s#.*$/, '').trim() })),
  )
  .filter(({ line }) => line.startsWith('./spool ') && !proofs.has(line.split(' ')[1]!))

/** The command line without what it does: whatever is typed wrong is thrown. */
function understands(line: string): void {
  const program = new Command('spool').exitOverride()
  for (const add of [addMaking, addEpisodes, addSound, addEars, addShows, addHost]) add(program)
  for (const command of program.commands.flatMap((each) => [each, ...each.commands])) {
    command.exitOverride().configureOutput({ writeErr: () => undefined })
    if (command.commands.length === 0) command.action(() => undefined)
  }
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)
  program.parse(words.slice(1), { from: 'user' })
}

test.each(commands.map(({ page, line }) => [line, page]))('%s is understood (%s)', (line) => {
  expect(() => understands(line)).not.toThrow()
})

test('a command that is not there is noticed', () => {
  expect(() => understands('./spool assemble --lowd a.wav')).toThrow(/lowd/)
})

const templates = blocks.filter(({ kind, text }) => kind === 'json' && text.includes('"segments"'))
test.each(templates)('the template of $page is taken as it stands', ({ text }) => {
  expect(parseTemplate(text, 'template.json').segments.length).toBeGreaterThan(0)
})
