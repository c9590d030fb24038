/** What was found in the sound of a recording and done about it, in a few sentences. */
import type { RestorationReport } from '../episode/restoring.ts'
import { minutesOf } from '../timecode.ts'

/** How many runs of hum are told one by one. */
const mostRuns = 5

export function restorationLines(report: RestorationReport): string[] {
  const { hum, levels, breaths, clicks, clippedShare, unclipped, musicSeconds } = report
  return [
    ratio(report),
    ...(report.rumble
      ? [
          `Rumble at ${decibels(report.rumble.levelDb)} dBFS was cut off below ${report.rumble.cutHz} Hz, where voices begin.`,
        ]
      : []),
    ...(report.noiseLimitDb === null
      ? []
      : [`Noise went down by up to ${decibels(report.noiseLimitDb)} dB, least where somebody speaks.`]),
    ...hum.slice(0, mostRuns).map(humLine),
    ...(hum.length > mostRuns ? [`So was other hum, in ${hum.length - mostRuns} more places.`] : []),
    ...(levels.changed
      ? [
          `Phrases lay ${decibels(levels.spreadDb)} dB apart and were changed by ` +
            `${decibels(levels.leastGainDb)} to ${decibels(levels.mostGainDb)} dB.`,
        ]
      : []),
    ...(musicSeconds === 0 ? [] : [`${musicSeconds} s of music stayed as loud as they were.`]),
    ...(breaths === 0 ? [] : [`Breaths were turned down: ${breaths}.`]),
    ...(clicks === 0 ? [] : [`Clicks were repaired: ${clicks}.`]),
    ...(clippedShare === 0
      ? []
      : [
          `${(100 * clippedShare).toPrecision(2)} % of the samples stand at full scale; ` +
            (unclipped === 0
              ? 'they stay as they are.'
              : `what they cut off was put back in ${unclipped} places.`),
        ]),
  ]
}

/** The same in one line, for whoever only wants to know that it was done. */
export function restorationLine(report: RestorationReport): string {
  const { snrBeforeDb, snrAfterDb, untouched, hum, rumble, levels, breaths, clicks, unclipped } = report
  if (snrBeforeDb === null || snrAfterDb === null) return 'silent, or too short to be judged'
  if (untouched) return `speech ${decibels(snrBeforeDb)} dB over the noise; nothing had to be mended`
  const mains = [...new Set(hum.map(({ mainsHz }) => mainsHz))]
  const [before, after] = [snrBeforeDb, snrAfterDb].map(decibels)
  return [
    `speech ${after} dB over the noise${before === after ? '' : `, in the recording ${before} dB`}`,
    ...mains.map((mainsHz) => `hum of ${mainsHz} Hz mains subtracted`),
    ...(rumble ? [`rumble cut off below ${rumble.cutHz} Hz`] : []),
    ...(levels.changed
      ? [`phrases evened, by ${decibels(levels.leastGainDb)} to ${decibels(levels.mostGainDb)} dB`]
      : []),
    ...(breaths === 0 ? [] : [`breaths turned down: ${breaths}`]),
    ...(clicks === 0 ? [] : [`clicks repaired: ${clicks}`]),
    ...(unclipped === 0 ? [] : [`clipped peaks put back: ${unclipped}`]),
  ].join('; ')
}

function ratio({ untouched, snrBeforeDb, snrAfterDb }: RestorationReport): string {
  if (snrBeforeDb === null || snrAfterDb === null) return 'It is silent, or too short to be judged.'
  if (untouched) return `Speech is ${decibels(snrBeforeDb)} dB over the noise, and nothing had to be mended.`
  return `Speech is ${decibels(snrAfterDb)} dB over the noise; in the recording it was ${decibels(snrBeforeDb)} dB.`
}

function humLine({ mainsHz, start, end, levelDb, lines }: RestorationReport['hum'][number]): string {
  return (
    `Hum of ${mainsHz} Hz mains at ${decibels(levelDb)} dBFS was subtracted from ${minutesOf(start)} to ${minutesOf(end)}: ` +
    `${lines.join(', ')} Hz.`
  )
}

const decibels = (value: number): string => value.toFixed(0).replace('-', '−')
