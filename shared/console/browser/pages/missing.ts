/** There is nothing at this address. */
import { address } from '../api.ts'
import { html, show } from '../parts.ts'

show(
  () =>
    html`<h1>Not found</h1>
      <p>There is nothing at this address, or it is not yours. <a href=${address('')}>Your episodes</a></p>`,
)
