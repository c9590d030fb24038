/** A review as a guest sees it who has the link: to listen, to read, and to say something. */
import { Refused } from '../api.ts'
import { html, Loading, Notice, show, useApi } from '../parts.ts'
import { Desk } from '../review/desk.ts'
import type { Review } from '../review/model.ts'

const base = `/shared/${location.pathname.split('/').at(-1)}`

function SharedReview() {
  const review = useApi<Review>(`${base}/review`)
  if (review.error instanceof Refused && review.error.status === 401)
    return html`<div class="narrow">
      <h1>This link is over</h1>
      <${Notice} kind="error">${review.error.message}</${Notice}>
    </div>`
  return html`<${Loading} of=${review}>${(found: Review) => html`
    <h1>${found.title}</h1>
    <p class="quiet">You were asked to listen. Say below what you think; the producer reads it.</p>
    <${Desk} key=${found.runId} base=${base} review=${found} isGuest=${true} />
  `}</${Loading}>`
}

show(SharedReview)
