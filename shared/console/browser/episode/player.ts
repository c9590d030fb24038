/** The finished episode, to hear: with its chapters, and the words, which follow what is said and lead to it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { html, place } from '../parts.ts'

interface File {
  readonly file: string
  readonly url: string
}

interface Chapter {
  readonly startTime: number
  readonly title: string
}

interface Segment {
  readonly startTime: number
  readonly endTime: number
  readonly speaker?: string
  readonly body: string
}

export function Player({ files }: { files: readonly File[] }) {
  const audio = useRef<HTMLAudioElement>(null)
  const [now, setNow] = useState(0)
  const chapters = (useFile(files, 'chapters.json') as { chapters: Chapter[] } | undefined)?.chapters ?? []
  const segments = (useFile(files, 'transcript.json') as { segments: Segment[] } | undefined)?.segments ?? []
  const source = files.find(({ file }) => file === 'episode.mp3')
  if (!source) return null
  const go = (seconds: number) => {
    audio.current!.currentTime = seconds
    void audio.current!.play()
  }
  return html`<section class="player" aria-label="Listen">
    <audio
      ref=${audio}
      controls
      preload="metadata"
      src=${source.url}
      onTimeUpdate=${() => setNow(audio.current!.currentTime)}
    ></audio>
    ${
      chapters.length === 0
        ? null
        : html`<ol class="chapters" aria-label="Chapters">
            ${chapters.map(({ startTime, title }, i) => {
              const isNow = now >= startTime && now < (chapters[i + 1]?.startTime ?? Infinity)
              return html`<li>
                <button type="button" aria-current=${isNow ? 'true' : 'false'} onClick=${() => go(startTime)}>
                  <span class="quiet">${place(startTime)}</span> ${title}
                </button>
              </li>`
            })}
          </ol>`
    }
    ${segments.length === 0 ? null : html`<${Transcript} segments=${segments} now=${now} go=${go} />`}
  </section>`
}

/** A file of the episode, read once. */
function useFile(files: readonly File[], name: string): unknown {
  const url = files.find(({ file }) => file === name)?.url
  const [content, setContent] = useState<unknown>()
  useEffect(() => {
    if (url === undefined) return
    fetch(url)
      .then(async (answer) => setContent(await answer.json()))
      .catch(() => undefined) // the player does without
  }, [url])
  return content
}

function Transcript({
  segments,
  now,
  go,
}: {
  segments: readonly Segment[]
  now: number
  go: (seconds: number) => void
}) {
  const list = useRef<HTMLDivElement>(null)
  const at = segments.findLastIndex(({ startTime }) => startTime <= now)
  useEffect(() => {
    const line = list.current?.children[at] as HTMLElement | undefined
    if (line && list.current)
      list.current.scrollTop = line.offsetTop - list.current.offsetTop - list.current.clientHeight / 3
  }, [at])
  return html`<div class="transcript" ref=${list} tabindex="0" role="group" aria-label="Transcript">
    ${segments.map(
      ({ startTime, speaker, body }, i) =>
        html`<p class=${i === at ? 'now' : ''}>
          <button type="button" class="time" onClick=${() => go(startTime)}>${place(startTime)}</button> ${
            speaker === undefined || speaker === segments[i - 1]?.speaker ? null : html`<b>${speaker}</b> `
          }${body}
        </p>`,
    )}
  </div>`
}
