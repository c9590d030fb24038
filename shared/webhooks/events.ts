/** What a webhook may be told of. */
export const webhookEvents = [
  'episode.processed',
  'episode.failed',
  'episode.awaiting_review',
  'episode.published',
  'episode.unpublished',
  'mailbox.failed',
  'usage.near_cap',
] as const
