/** Commands that work on one sound by itself, without an episode: they need no cloud. */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { cancelled, missingFile, print, tell, WrongUsage } from '../frame.ts'
import type { RestoreFlags } from '../restore-flags.ts'

export function add(program: Command): void {
  program
    .command('restore')
    .description('recordings without noise, hum, clicks and crosstalk, evenly loud: a WAV each')
    .argument('<recording...>', 'any recording; several are tracks of one conversation')
    .option('--noise <limit>', 'auto, off, or how many dB it goes down at most')
    .option('--hum <how>', 'auto or off')
    .option('--rumble <how>', 'auto or off: what is lower than the lowest voice')
    .option('--level <strength>', '0 to 1, or off: how much of what is uneven is levelled')
    .option('--gate <how>', 'auto or off: in each of several tracks, what is heard of the others goes down')
    .option('--breaths <dB>', 'how many dB breaths go down, or off')
    .option('--clicks <where>', 'pauses, all or off')
    .option('--clipping <how>', 'auto or off: puts back what was cut off at full scale')
    .option('--out <dir>', 'where the files go', 'restored')
    .option('--json', 'print one JSON object instead of a summary')
    .addHelpText('after', '\nWhere one of the first six is named, those that are not are off.')
    .action(async (recordings: string[], options: RestoreFlags & { out: string; json?: true }) => {
      const { wishesOf } = await import('../restore-flags.ts')
      const wishes = wishesOf(options)
      if (typeof wishes === 'string') throw new WrongUsage(wishes)
      await mustBeFiles(recordings)
      const [{ restore, summariseRestoration }, { restoredFiles }] = await Promise.all([
        import('../restore.ts'),
        import('../restored-folder.ts'),
      ])
      const { out, json } = options
      const former = restoredFiles({ recordings, out }).filter((one) => existsSync(one))
      const report = await restore({ recordings, wishes, out }, cancelled())
      for (const file of former)
        tell(`spool: ${file} was there already and was replaced; --out names another folder.\n`)
      print(json, report, summariseRestoration)
    })

  program
    .command('align')
    .description('where each word of a text is in a recording, and what was said that the text lacks')
    .argument('<recording>')
    .argument('<text>', 'captions, words JSON as recognisers write it, or a plain script (.txt)')
    .option('--language <tag>', "such as de or pt-BR; the file's own, or English, when not given")
    .option('--json', 'print one JSON object instead of a summary')
    .action(
      async (recording: string, text: string, { language, json }: { language?: string; json?: true }) => {
        await mustBeFiles([recording, text])
        if (language !== undefined && !/^[a-z]{2,3}(-[a-z\d]{1,8})*$/i.test(language))
          throw new WrongUsage(`--language takes a tag such as de or pt-BR, not "${language}".`)
        const { align, summariseAlignment } = await import('../align.ts')
        print(json, await align(recording, text, language, cancelled()), summariseAlignment)
      },
    )
}

async function mustBeFiles(files: readonly string[]): Promise<void> {
  const missing = await missingFile(files)
  if (missing !== undefined) throw new WrongUsage(missing)
}
