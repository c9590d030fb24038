/** The way in: a link's own button, a key of the API, or an issuer of one's own. */
import { address, begunWith } from '../api.ts'
import { Field, html, Notice, show } from '../parts.ts'

const query = new URLSearchParams(location.search)
const next = query.get('next') ?? ''
const link = query.get('link')
const ways = begunWith('ways') as { elsewhere: boolean } | undefined
const complaint = begunWith('complaint') as string | null

const form = (children: unknown) =>
  html`<form method="post" action=${address('sign-in')}>
    <input type="hidden" name="next" value=${next} />${children}
  </form>`

show(
  () => html`
    <div class="narrow">
      <h1>Sign in</h1>
      ${complaint ? html`<${Notice} kind="error">${complaint}</${Notice}>` : null}
      ${
        link
          ? form(
              html`<input type="hidden" name="link" value=${link} />
                <p>Your link is good for one sign-in.</p>
                <button class="main">Sign in</button>`,
            )
          : null
      }
      ${
        ways?.elsewhere
          ? html`<p>
              <a
                class="button main"
                href=${`${address('sign-in/elsewhere')}?next=${encodeURIComponent(next)}`}
                >Sign in with your organisation</a
              >
            </p>`
          : null
      }
      ${
        link
          ? null
          : form(html`
              <${Field} label="A key of the API" hint="It begins with spool_. On your own machine, the address that ./spool up prints needs none."><input type="password" name="key" autocomplete="current-password" required /></${Field}>
              <button class=${ways?.elsewhere ? '' : 'main'}>Sign in with a key</button>
            `)
      }
    </div>
  `,
)
