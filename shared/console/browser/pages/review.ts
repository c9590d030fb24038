/** What was done to a recording, and what its producer makes of it. */
import { address, Refused } from '../api.ts'
import { html, Loading, Notice, show, useApi } from '../parts.ts'
import { Desk } from '../review/desk.ts'
import type { Review } from '../review/model.ts'

const [, episodeId] = /episodes\/([0-9a-f-]+)\/review/.exec(location.pathname)!
const base = `/episodes/${episodeId}`

const running = ['queued', 'started']

function ReviewPage() {
  const review = useApi<Review>(`${base}/review`)
  const back = html`<p><a href=${address(`episodes/${episodeId}`)}>The episode</a></p>`
  if (review.error instanceof Refused && review.error.code === 'not_reviewable')
    return html`<h1>Nothing to review yet</h1><${Notice}>${review.error.message}</${Notice}>${back}`
  return html`<${Loading} of=${review}>${(found: Review) => html`
    <div class="bar">
      <h1>${found.title}</h1>
      ${back}
    </div>
    ${
      running.includes(found.status)
        ? html`<${Notice}>It is being made right now. You can listen and decide; to make it so, wait until it is done.</${Notice}>`
        : null
    }
    <${Desk} key=${found.runId} base=${base} review=${found} isGuest=${false} />
  `}</${Loading}>`
}

show(ReviewPage)
