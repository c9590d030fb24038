/**
 * Writes the pages of docs/ that are made from the code: `node docs/make.ts`. A test compares them with what
 * the code says.
 */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describeVariables } from '../shared/config.ts'

export const pages: Readonly<Record<string, string>> = {
  'configuration.md': `# Configuration

Made from \`shared/config.ts\` by \`node docs/make.ts\`; change it there.

Every function reads its settings from the environment. The local default sets all of them itself; one that is set in the shell of
\`./spool\` takes its place where it names a limit or a provider's address.

${describeVariables()}
`,
}

if (import.meta.main)
  for (const [name, text] of Object.entries(pages))
    await writeFile(path.join(import.meta.dirname, name), text)
