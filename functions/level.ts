/**
 * Step `level`: the loudness partials of all chunks → the one gain that brings the programme to its target.
 */
import { z } from 'zod'
import type { Knex } from 'knex'
import { chooseGain } from '../shared/mastering/gain.ts'
import { joinPartials } from '../shared/mastering/partials.ts'
import { settingsOf } from '../shared/db/runs.ts'
import { outputsOf } from '../shared/db/steps.ts'
import { defineStep } from '../shared/engine/step.ts'

export const level = defineStep({
  name: 'level',
  version: 1,
  context: z.object({}),
  load: async (db: Knex, { runId }) => {
    const parts = (await outputsOf(db, runId, 'measure')).map(({ output }) => output)
    const { loudness } = await settingsOf(db, runId)
    return {
      objects: parts.map(({ partialsObject }) => String(partialsObject)),
      gainsDb: String(parts[0]!['gainsDb']).split(' ').map(Number),
      targetLufs: loudness.targetLufs,
    }
  },
  inputs: (_context, input) => input,
  work: async (_context, { objects, gainsDb, targetLufs }, { storage, config, warn }) => {
    const rows = await joinPartials(storage, config.buckets.work, objects)
    const gainDb = chooseGain(
      rows.map((blocks, i) => ({ gainDb: gainsDb[i]!, blocks })),
      targetLufs,
    )
    if (gainDb === undefined)
      warn({
        code: 'silent_programme',
        message:
          'Nothing in the programme is loud and long enough (0.4 s) to measure; its level is left as it is.',
      })
    return { gainDb: gainDb ?? 0 }
  },
  passOn: (output) => output,
})
