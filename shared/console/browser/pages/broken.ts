/** Something went wrong before the page could be made. */
import { address, begunWith } from '../api.ts'
import { html, Notice, show } from '../parts.ts'

const detail = begunWith('detail') as string
show(
  () =>
    html`<h1>Something went wrong</h1><${Notice} kind="error">${detail}</${Notice}><p><a href=${address('')}>Your episodes</a></p>`,
)
