/**
 * Lays out the recording: its cuts, what is put in at them, and where it is divided. Hides how long the crossfade at a join is.
 */
import type { Span } from '../audio/analysis.ts'
import { splicesOf, type Edit } from '../edits/edits.ts'
import { splice, type Ledger } from '../timeline/ledger.ts'
import { clipsOf, type InsertedText } from '../timeline/timeline.ts'
import { dividesOf, joinAt, type Divide } from './divides.ts'
import {
  assetOf,
  edgeFadeSeconds,
  place,
  wordsOf,
  type ArrangedSource,
  type Layout,
  type Show,
  type SpokenSource,
} from './layout.ts'

/** In seconds. Between words a crossfade must be short; over room tone it may be longer. */
const crossfadeSeconds: Readonly<Record<Edit['kind'], number>> = {
  filler: 0.03,
  stutter: 0.03,
  flubber: 0.03,
  cut: 0.03,
  intern: 0.03,
  sfx: 0.03,
  censor: 0,
  pause: 0.09,
}
/** Silence kept on either side of an answer. */
const answerPaddingSeconds = 0.5

/** From a sample of the output on. */
export function layContent(
  layout: Layout,
  at: number,
): { ledger: Ledger; endSample: number; divides: readonly Divide[] } {
  const { recording, edits } = layout.show
  const { sampleRate } = recording.format
  const joins = splicesOf(edits).map(({ startSample, endSample, edit }) => {
    const insertion = insertionOf(layout.show, edit)
    const crossfadeSamples = crossfadeSeconds[edit.kind] * sampleRate
    return {
      startSample,
      endSample,
      crossfadeSamples,
      edit,
      insertion,
      insertedSamples: insertion ? insertion.length + 2 * insertion.padding : 0,
    }
  })
  const divides = dividesOf(
    { sampleRate, totalSamples: recording.totalSamples, pauses: recording.pauses ?? [] },
    joins,
  )
  const aligned = divides
    .filter(({ isPause }) => isPause)
    .map((divide) => ({ ...joinAt(divide, sampleRate), edit: undefined }))
  const all = [...joins, ...aligned].sort((a, b) => a.startSample - b.startSample)
  const { ledger, insertedAt, endSample } = splice(all, recording.totalSamples, at)
  layout.speech.push(...keptSpeech(recording.speech, ledger))
  layout.clips.push(...clipsOf(ledger, 0, 0, Math.round(edgeFadeSeconds * sampleRate)))
  all.forEach((join, i) => {
    if (join.edit === undefined || !join.insertion) return
    const { edit, insertion } = join
    const start = insertedAt[i]! + insertion.padding
    place(layout, insertion.source, start, insertion.length)
    if (edit.insert?.sound !== 'tone') layout.answers[edit.id] = layout.sources.indexOf(insertion.source)
    layout.inserted.push(...textOf(edit, insertion.source, start, start + insertion.length))
  })
  return { ledger, endSample, divides }
}

interface PutIn {
  readonly source: ArrangedSource | SpokenSource
  readonly length: number
  /** Samples of silence kept on either side. */
  readonly padding: number
}

function insertionOf(show: Show, { id, insert, startSample, endSample }: Edit): PutIn | undefined {
  switch (insert?.sound) {
    case undefined:
      return undefined
    case 'tone':
      return { source: show.tone!, length: endSample - startSample, padding: 0 }
    case 'file': {
      const source = assetOf(show, insert.file)
      return { source, length: source.totalSamples, padding: 0 }
    }
    case 'speech': {
      const source = show.spoken.get(id)!
      return {
        source,
        length: source.totalSamples,
        padding: Math.round(answerPaddingSeconds * source.format.sampleRate),
      }
    }
  }
}

/** The speech that is kept of a recording, as spans of the output. */
const keptSpeech = (speech: readonly Span[], ledger: Ledger): Span[] =>
  ledger.flatMap(({ sourceStart, sourceEnd, outputStart }) =>
    speech
      .filter(({ startSample, endSample }) => startSample < sourceEnd && endSample > sourceStart)
      .map(({ startSample, endSample }) => ({
        startSample: outputStart + Math.max(startSample, sourceStart) - sourceStart,
        endSample: outputStart + Math.min(endSample, sourceEnd) - sourceStart,
      })),
  )

function textOf(
  { insert }: Edit,
  source: ArrangedSource | SpokenSource,
  startSample: number,
  endSample: number,
): InsertedText[] {
  if (insert?.sound === 'speech') return wordsOf(source, startSample)
  return insert ? [{ startSample, endSample, text: insert.text, speaker: null }] : []
}
