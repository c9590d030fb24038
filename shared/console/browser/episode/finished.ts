/** A finished episode: to hear, as it measures, and its files. */
import { useEffect, useState } from 'preact/hooks'
import { html, size } from '../parts.ts'
import { Player } from './player.ts'

export interface Delivered {
  readonly file: string
  readonly bytes: number
  readonly type: string
  readonly url: string
}

export function Finished({ files }: { files: readonly Delivered[] }) {
  return html`
    <${Player} files=${files} />
    <${Certificate} files=${files} />
    <h2>Files</h2>
    <ul class="files">
      ${files.map(({ file, bytes, url }) => html`<li><a href=${url} download>${file}</a><span class="quiet">${size(bytes)}</span></li>`)}
    </ul>
  `
}

interface CertificateFile {
  readonly integratedLufs: number | null
  readonly truePeakDbtp: number | null
  readonly targetLufs: number
  readonly loudnessRangeLu: number
  readonly pass: boolean
}

function Certificate({ files }: { files: readonly Delivered[] }) {
  const url = files.find(({ file }) => file === 'certificate.json')?.url
  const [certificate, setCertificate] = useState<CertificateFile>()
  useEffect(() => {
    if (url !== undefined)
      void fetch(url).then(async (answer) => setCertificate((await answer.json()) as CertificateFile))
  }, [url])
  if (!certificate) return null
  const { integratedLufs, truePeakDbtp, loudnessRangeLu, targetLufs, pass } = certificate
  const facts = [
    ['Loudness', integratedLufs === null ? 'none to measure' : `${integratedLufs.toFixed(1)} LUFS`],
    ['Wanted', `${targetLufs.toFixed(1)} LUFS`],
    ['True peak', truePeakDbtp === null ? '–' : `${truePeakDbtp.toFixed(1)} dBTP`],
    ['Range', `${loudnessRangeLu.toFixed(1)} LU`],
    ...(integratedLufs === null ? [] : [['Certificate', pass ? 'passed' : 'missed']]),
  ]
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`
}
