/**
 * The list of all migrations in order, each with a name without a file extension: the same names whether run
 * as source or as a bundle. Forward only.
 */
import * as firstLight from './001-first-light.ts'
import * as words from './002-words.ts'
import * as chapters from './003-chapters.ts'
import * as runs from './004-runs-people-trust.ts'
import * as lettersLeftOut from './005-letters-left-out.ts'
import * as publication from './006-publication.ts'
import * as purges from './007-purges.ts'
import * as feedDetails from './008-feed-details.ts'
import * as deletions from './009-deletions.ts'
import * as podcastRevisions from './010-podcast-revisions.ts'
import * as webhooks from './011-webhooks.ts'
import * as consoleSessions from './012-console.ts'
import * as sharedReviews from './013-shared-reviews.ts'
import * as abandonedUploads from './015-abandoned-uploads.ts'
import * as frozenTransactions from './016-frozen-transactions.ts'
import * as takenNotes from './017-taken-notes.ts'
import * as voices from './018-voices.ts'
import * as withdrawals from './019-withdrawals.ts'
import * as failedAttempts from './020-failed-attempts.ts'
import * as editedDetails from './021-edited-details.ts'
import * as lettersReadOut from './022-letters-read-out.ts'

export const migrations = [
  { name: '001-first-light', up: firstLight.up },
  { name: '002-words', up: words.up },
  { name: '003-chapters', up: chapters.up },
  { name: '004-runs-people-trust', up: runs.up },
  { name: '005-letters-left-out', up: lettersLeftOut.up },
  { name: '006-publication', up: publication.up },
  { name: '007-purges', up: purges.up },
  { name: '008-feed-details', up: feedDetails.up },
  { name: '009-deletions', up: deletions.up },
  { name: '010-podcast-revisions', up: podcastRevisions.up },
  { name: '011-webhooks', up: webhooks.up },
  { name: '012-console', up: consoleSessions.up },
  { name: '013-shared-reviews', up: sharedReviews.up },
  { name: '015-abandoned-uploads', up: abandonedUploads.up },
  { name: '016-frozen-transactions', up: frozenTransactions.up },
  { name: '017-taken-notes', up: takenNotes.up },
  { name: '018-voices', up: voices.up },
  { name: '019-withdrawals', up: withdrawals.up },
  { name: '020-failed-attempts', up: failedAttempts.up },
  { name: '021-edited-details', up: editedDetails.up },
  { name: '022-letters-read-out', up: lettersReadOut.up },
]
