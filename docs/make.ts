/**
 * Writes the pages of docs/ that are made from the code: `node docs/make.ts`. A test compares them with what
 * the code says.
 */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { errorCodes, warningCodes, type Explained } from '../shared/codes.ts'
import { describeVariables } from '../shared/config.ts'
import { deployPage } from './deploy.ts'
import { feedPage } from './feed.ts'
import { scalePage } from './scale.ts'
import { settingsPage } from './settings.ts'

const table = (codes: Readonly<Record<string, Explained>>): string =>
  [
    '| Code | What it means | What to do |',
    '|---|---|---|',
    ...Object.entries(codes).map(([code, { meaning, remedy }]) => `| \`${code}\` | ${meaning} | ${remedy} |`),
  ].join('\n')

export const pages: Readonly<Record<string, string>> = {
  'configuration.md': `# Configuration

Made from \`shared/config.ts\` by \`node docs/make.ts\`; change it there.

Every function reads its settings from the environment. The local default sets all of them itself; one that is set in the shell of
\`./spool\` takes its place where it names a limit or a provider's address.

${describeVariables()}
`,
  'codes.md': `# Codes

Made from \`shared/codes.ts\` by \`node docs/make.ts\`; change it there.

## Warnings

What was found or done about what was brought; the episode is made all the same. They stand at the end of \`./spool assemble\`, in
\`manifest.json\` and on the review page, each with a message that names the file and the place.

${table(warningCodes)}

## Errors

Why a run failed or a request was refused.

${table(errorCodes)}
`,
  'scale.md': scalePage(),
  'deploy.md': deployPage(),
  'feed.md': feedPage(),
  'settings.md': settingsPage(),
}

if (import.meta.main)
  for (const [name, text] of Object.entries(pages))
    await writeFile(path.join(import.meta.dirname, name), text)
