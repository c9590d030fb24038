/** Links by which guests hear the review and comment on it: made, shown once, listed, withdrawn. */
import { useState } from 'preact/hooks'
import { post, remove, type ListOf } from '../api.ts'
import { Action, Field, html, Loading, moment, useApi } from '../parts.ts'

interface Share {
  readonly id: string
  readonly expiresAt: string
  readonly comments: number
}

export function Sharing({ base }: { base: string }) {
  const shares = useApi<ListOf<Share>>(`${base}/shares`)
  const [days, setDays] = useState(7)
  const [link, setLink] = useState<string>()
  const share = async () => {
    const { url } = await post<{ url: string | null }>(`${base}/shares`, { expiresInDays: days })
    setLink(url ?? undefined)
    await shares.reload()
  }
  return html`<details class="card">
    <summary>Share with guests</summary>
    <p class="quiet">
      Who has the link can listen, read and comment, without an account. It opens nothing else of yours.
    </p>
    <div class="buttons">
      <${Field} label="Days until it ends"
        ><input
          type="number"
          min="1"
          max="30"
          value=${days}
          onInput=${(event: Event) => setDays(Number((event.target as HTMLInputElement).value))}
      /></${Field}>
      <${Action} kind="main" act=${share} disabled=${!(days >= 1 && days <= 30)}>Make a link</${Action}>
    </div>
    ${
      link === undefined
        ? null
        : html`<${Field} label="The link" hint="It is shown this once."
            ><input readonly value=${link} onFocus=${(event: Event) => (event.target as HTMLInputElement).select()}
          /></${Field}>
          <${Action} act=${() => navigator.clipboard.writeText(link)}>Copy it</${Action}>`
    }
    <${Loading} of=${shares}
      >${({ items }: ListOf<Share>) =>
        items.length === 0
          ? null
          : html`<ul class="shares">
              ${items.map(
                ({ id, expiresAt, comments }) =>
                  html`<li key=${id}>
                    <span>Holds until ${moment(expiresAt)} · ${comments} comment${comments === 1 ? '' : 's'}</span>
                    <${Action}
                      kind="danger"
                      confirm="Withdraw this link? What was said through it stays."
                      act=${async () => {
                        await remove(`${base}/shares/${id}`)
                        await shares.reload()
                      }}
                      >Withdraw</${Action}
                    >
                  </li>`,
              )}
            </ul>`}</${Loading}
    >
  </details>`
}
