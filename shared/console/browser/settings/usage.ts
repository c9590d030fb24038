/** What is used, and what may be. */
import { html, Loading, useApi } from '../parts.ts'

interface Allowance {
  readonly kind: string
  readonly period: string
  readonly used: number
  readonly most: number
}

const kinds: Readonly<Record<string, string>> = {
  runs: 'Episodes begun',
  minutes: 'Minutes of recordings',
  characters: 'Characters spoken',
}
const periods: Readonly<Record<string, string>> = { hour: 'this hour', day: 'today', month: 'this month' }
const near = 0.8

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 })

function howMuch(used: number, most: number): string {
  const remark = used >= most ? ': used up' : used >= near * most ? ': nearly used up' : ''
  return `${number.format(used)} of ${number.format(most)}${remark}`
}

export function Usage() {
  const quota = useApi<{ items: Allowance[] }>('/quota')
  return html`<section aria-labelledby="usage">
    <h2 id="usage">Usage</h2>
    <${Loading} of=${quota}>${({ items }: { items: Allowance[] }) =>
      html`<ul class="usage">
        ${items.map(({ kind, period, used, most }) => {
          const title = `${kinds[kind] ?? kind} ${periods[period] ?? period}`
          return html`<li key=${title}>
            <span>${title}</span>
            <span>${howMuch(used, most)}</span>
            <progress aria-label=${title} max=${most || 1} value=${Math.min(used, most)}></progress>
          </li>`
        })}
      </ul>`}</${Loading}>
    <p class="quiet">Periods are of UTC. What has failed is given back.</p>
  </section>`
}
