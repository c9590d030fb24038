/** What a producer reads when an episode is done: before and after, what was cut, how loud it is, where the files are. */
import path from 'node:path'
import type { Report } from './assemble.ts'

export function summarise({ files, sourceSeconds, durationSeconds, removedSeconds, edits, loudness, warnings, steps }: Report): string {
  const audio = files['episode.mp3']!
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0)
  const lines = [
    `Episode   ${audio}`,
    `Length    ${clock(sourceSeconds)} recorded, ${clock(durationSeconds)} finished, ${removedSeconds.toFixed(1)} s cut away`,
    `Edits     ${
      Object.entries(edits)
        .map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`)
        .join(', ') || 'none'
    }`,
    `Loudness  ${loudness.integratedLufs?.toFixed(1) ?? '–'} LUFS, true peak ${loudness.truePeakDbtp?.toFixed(1) ?? '–'} dBTP, measured on the MP3`,
    `Work      ${seconds.toFixed(1)} s`,
    `Files     ${Object.keys(files)
      .filter((file) => file !== 'episode.mp3')
      .join('  ')}`,
    `Look at   ${files['review.html'] ?? path.dirname(audio)}`,
    ...warnings.map(({ code, message }) => `Note      ${message} (${code})`),
  ]
  return `${lines.join('\n')}\n`
}

function clock(seconds: number): string {
  const whole = Math.round(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}
