/** What an episode will consist of, in its order, with the lengths that are known before there is one. */
import { useEffect, useState } from 'preact/hooks'
import { clock, html } from '../parts.ts'
import type { Asset } from './template.ts'
import type { Fields } from './document.ts'
import { bedsOf, segmentsOf, titleOf, type Segment } from './template.ts'

/** 150 words a minute. */
const secondsPerWord = 0.4

/** The length of each sound that is named, once the browser has looked into it. */
function useLengths(files: readonly Asset[], named: readonly string[]): Readonly<Record<string, number>> {
  const [lengths, setLengths] = useState<Readonly<Record<string, number>>>({})
  const wanted = named.filter((name) => !(name in lengths)).join('\n')
  useEffect(() => {
    const players = files
      .filter(({ file }) => wanted.split('\n').includes(file))
      .map(({ file, url }) => {
        const player = new Audio()
        player.preload = 'metadata'
        player.addEventListener('loadedmetadata', () => {
          if (Number.isFinite(player.duration)) setLengths((known) => ({ ...known, [file]: player.duration }))
        })
        player.src = url
        return player
      })
    return () => players.forEach((player) => player.removeAttribute('src'))
  }, [wanted, files])
  return lengths
}

export function Order({ template, files }: { template: Fields; files: readonly Asset[] }) {
  const segments = segmentsOf(template)
  const beds = bedsOf(template)
  const lengths = useLengths(
    files,
    segments.flatMap(({ source }) => (source?.file ? [source.file] : [])),
  )
  return html`<ol class="order" aria-label="The episode in its order">
    ${segments.map((segment, i) => {
      const under = beds.filter(({ under: types }) => types.includes(segment.type))
      return html`<li key=${i} class=${segment.type}>
        <strong>${titleOf(segment)}</strong>
        <span>${lengthOf(segment, lengths, files)}</span>
        ${under.length > 0 ? html`<span class="bed">♪ ${under.map(({ file }) => whatLies(file, files)).join(', ')}</span>` : null}
      </li>`
    })}
  </ol>`
}

function lengthOf(
  { type, source }: Segment,
  lengths: Readonly<Record<string, number>>,
  files: readonly Asset[],
): string {
  if (type === 'content') return 'as long as it is'
  if (!source) return 'nothing chosen'
  if (source.kind === 'mail') return 'as long as the letters'
  if (source.kind === 'spoken') {
    const words = source.script.split(/\s+/).filter(Boolean).length
    return words === 0 ? 'nothing to say yet' : `about ${clock(words * secondsPerWord)}`
  }
  if (!source.file) return 'no file chosen'
  if (!isThere(source.file, files)) return 'the file is missing'
  const seconds = lengths[source.file]
  return seconds === undefined ? '' : clock(seconds)
}

const isThere = (name: string, files: readonly Asset[]): boolean => files.some(({ file }) => file === name)

const whatLies = (name: string, files: readonly Asset[]): string =>
  name === '' ? 'no file' : isThere(name, files) ? name : `${name} (missing)`
