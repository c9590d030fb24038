/** Says at the foot of the page what has changed, and makes it so. */
import { address, post } from '../api.ts'
import { Action, html } from '../parts.ts'
import type { DraftControls } from './draft.ts'
import { changesIn, decisionsOf, undecided, type Planned, type Review } from './model.ts'

export interface SubmitBarProps {
  readonly review: Review
  readonly edits: readonly Planned[]
  readonly controls: DraftControls
  readonly undo: () => void
  readonly redo: () => void
}

export function SubmitBar({ review, edits, controls, undo, redo }: SubmitBarProps) {
  const { draft, canUndo, canRedo, forget } = controls
  const changes = changesIn(draft)
  const open = undecided(edits).length
  const isWaiting = review.status === 'awaiting_review'
  const submit = async () => {
    const decisions = decisionsOf(review.edits, draft)
    await post(`/episodes/${review.episodeId}/decisions`, { version: 1, decisions, rest: 'leave' })
    forget()
    location.assign(address(`episodes/${review.episodeId}`))
  }
  const says = [
    changes === 0 ? 'Nothing changed' : `${changes} change${changes === 1 ? '' : 's'}`,
    ...(open > 0 ? [`${open} still to decide`] : []),
  ]
  return html`<div class="submit-bar" role="region" aria-label="What you have decided">
    <span>${says.join(' · ')}</span>
    <span class="buttons">
      <button type="button" disabled=${!canUndo} onClick=${undo}>Undo</button>
      <button type="button" disabled=${!canRedo} onClick=${redo}>Redo</button>
      <${Action}
        kind="main"
        act=${submit}
        disabled=${changes === 0 && !isWaiting}
        confirm=${open > 0 ? `${open} not decided: the episode is made without them. Go on?` : undefined}
        >${isWaiting && changes === 0 ? 'Go on as it is' : 'Make it so'}</${Action}
      >
    </span>
  </div>`
}
