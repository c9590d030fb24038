/** Why an edit was proposed, for people who have to decide: without the detectors' measurements. */
import type { Edit } from '../edits/edits.ts'

/** The detector's own reason where that is plain already. */
export function plainReason({ kind, reason }: Pick<Edit, 'kind' | 'reason'>): string {
  switch (kind) {
    case 'filler':
      return reason.replace(/; its start moved [^.]*\./, '.')
    case 'censor':
      return reason.replace(/, covered by a tone of [^.]*\./, ': a bleep takes its place.')
    default:
      return reason
  }
}
