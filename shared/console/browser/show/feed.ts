/** Where a show's feed is, and what directories would object to in it. */
import { useState } from 'preact/hooks'
import { get } from '../api.ts'
import { Copyable } from '../copying.ts'
import { Action, html, Notice } from '../parts.ts'

interface Finding {
  readonly rule: string
  readonly severity: 'error' | 'warning'
  readonly where: string
  readonly message: string
  readonly remedy: string
  readonly source: string
}

const mostShown = 100

export function Feed({ id, feedUrl }: { id: string; feedUrl: string }) {
  const [findings, setFindings] = useState<readonly Finding[]>()
  const check = async () => {
    setFindings(undefined)
    setFindings((await get<{ findings: Finding[] }>(`/podcasts/${id}/check`)).findings)
  }
  return html`<section aria-labelledby="feed">
    <h2 id="feed">Feed</h2>
    <p>This address is what directories are given, once. It never changes.</p>
    <${Copyable} text=${feedUrl} label="Address of the feed" />
    <p><${Action} act=${check}>Check this feed</${Action}></p>
    ${findings === undefined ? null : html`<${Findings} findings=${findings} />`}
  </section>`
}

function Findings({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return html`<${Notice} kind="done">Nothing is wrong with the feed.</${Notice}>`
  const errors = findings.filter(({ severity }) => severity === 'error').length
  return html`
    <p role="status">${errors} errors, ${findings.length - errors} warnings.</p>
    <ul class="findings">
      ${findings.slice(0, mostShown).map(
        ({ rule, severity, where, message, remedy, source }) =>
          html`<li class=${severity}>
            <strong>${severity === 'error' ? 'Error' : 'Warning'} · ${where}</strong><br />
            ${message} ${remedy} <a href=${source} rel="noreferrer" target="_blank">${rule}</a>
          </li>`,
      )}
    </ul>
    ${findings.length > mostShown ? html`<p>… and ${findings.length - mostShown} more.</p>` : null}
  `
}
