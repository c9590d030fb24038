/**
 * The product's errors: a few kinds that say what the queue should do, and one documented list of codes that
 * say what happened.
 * Hides how any thrown thing is classified.
 */

/** Every code a producer, a script or a log can meet, with what it means. */
export const errorCodes = {
  // the recording
  not_audio: 'The file is not audio in a format Spool reads.',
  no_audio_stream: 'The file is a media file without sound.',
  empty_file: 'The file has no bytes, or no sound at all.',
  truncated_file: 'The file ends too early to be read.',
  refers_elsewhere:
    'The file is a playlist or refers to other files or hosts; Spool reads only the bytes it was given.',
  recording_too_long: 'The recording is longer than the limit.',
  recording_too_large: 'The recording has more bytes than the limit.',
  upload_replaced: 'The uploaded file was replaced or deleted while it was being worked on.',
  // what lies beside it
  bad_words_file: 'The words file cannot be used.',
  bad_template: 'The template cannot be used.',
  bad_podcast_file: 'The podcast file cannot be used.',
  bad_episode_file: 'The episode file cannot be used.',
  bad_cover: 'The cover is not a picture Spool can use.',
  bad_chapters: 'The chapters file cannot be used.',
  missing_asset: 'A file named by the template is not there.',
  no_letters: 'A template reads out listener mail, and there is none.',
  missing_variable: 'A script names a value that the episode does not have.',
  over_length: 'The episode would be longer than the template allows.',
  under_length: 'The episode would be shorter than the template allows.',
  rate_limited: 'The user has started as many runs as are allowed for the time.',
  monthly_cap: 'The user has used up what is allowed for the time.',
  bad_mail_settings: 'The settings beside the mailbox cannot be used.',
  bad_mailbox: 'The mailbox cannot be read.',
  too_many_messages: 'The mailbox has more messages than one run may read.',
  // the work
  cut_budget_exceeded: 'The edits would remove more of the speech than allowed.',
  nothing_left: 'The edits would remove the whole recording.',
  ffmpeg_missing: 'ffmpeg is not installed where the work runs.',
  ffmpeg_failed: 'ffmpeg ended with an error.',
  certificate_failed: 'The finished audio missed the loudness bars.',
  disk_full: 'There is no room left to write.',
  // people and their keys
  provider_key_missing: 'The template names a provider for which no key was given.',
  no_sealing_key: 'This deployment has no key to seal secrets with; set SEALING_KEY.',
  bad_seal: 'A sealed secret could not be opened: it was changed, or sealed by another key. Give it again.',
  bad_decisions: 'The decisions cannot be used.',
  not_reviewable: 'There is nothing to decide: the episode has no finished or waiting run.',
  // providers
  provider_key_refused: 'The provider refused the key it was given.',
  provider_unpaid: 'The provider wants to be paid first: credit, quota or plan do not cover the request.',
  provider_rejected: 'The provider refused the request, or answered with something that cannot be used.',
  provider_unavailable: 'The provider is down, busy or out of reach.',
  provider_timeout: 'The provider did not finish within the time allowed.',
  provider_unclear: 'Nobody knows whether the provider accepted the paid request; it was not repeated again.',
  unknown_voice: 'The voice is not known to the speech provider.',
  bad_callback: 'A call that says it comes from a provider does not.',
  // the machinery
  bad_context: 'A task carried something other than the scalars its step needs.',
  attempts_exhausted: 'A step was tried as often as allowed and never completed.',
  user_cancelled: 'The run was cancelled by its owner.',
  superseded: 'The run waited for its producer, who uploaded a newer recording instead.',
  already_running: 'The episode already has a live run.',
  not_found: 'There is nothing of that name.',
  forbidden: 'The key may not do this.',
  bad_request: 'The request is not as the API asks for it.',
  method_not_allowed: 'The address takes other methods than this.',
  request_too_large: 'The request has more bytes than the API takes.',
  too_many_requests: 'The key has made as many requests as are allowed a minute.',
  idempotency_mismatch: 'The idempotency key was used for another request.',
  in_progress: 'The first request with this idempotency key is still under way.',
  not_cancellable: 'The run has ended, or its publication has begun.',
  unauthenticated: 'The caller did not prove who it is.',
  internal: 'Something unexpected went wrong; it is in the log.',
} as const

export type ErrorCode = keyof typeof errorCodes

class SpoolError extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string = errorCodes[code], options?: ErrorOptions) {
    // A parser's message quotes its input, and no row takes a NUL.
    super(message.replaceAll(/\p{Cc}/gu, ' '), options)
    this.code = code
    this.name = new.target.name
  }
}

/** Trying again would end the same way: the run fails with this code and message. */
export class Permanent extends SpoolError {}

/** A live run stands in the way. */
export class AlreadyRunning extends Permanent {
  readonly runId: string
  constructor(runId: string) {
    super('already_running', `There is a live run already, ${runId}. Wait for it, or cancel it.`)
    this.runId = runId
  }
}

/** The same attempt may succeed later: the lease is released and the queue tries again. */
export class Retryable extends SpoolError {}

/** Another attempt holds a live lease on this step. */
export class Busy extends Error {
  override name = 'Busy'
}

/** Somebody else asks us to come back: the step is deferred until `dueAt` without counting an attempt. */
export class Deferred extends Error {
  override name = 'Deferred'
  readonly dueAt: Date
  constructor(dueAt: Date, why?: string) {
    super(why ?? `Deferred until ${dueAt.toISOString()}`)
    this.dueAt = dueAt
  }
}

/** The step has questions that only the producer can answer: the run waits, and no task is left alive. */
export class AwaitingReview extends Error {
  override name = 'AwaitingReview'
}

/** The run was cancelled or ended while the work was under way; nothing may be recorded. */
export class Stopped extends Error {
  override name = 'Stopped'
}

/** SQLSTATEs and Node error codes after which the same work may succeed. */
const passingFaults = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '08006', // connection_failure
  '08001', // sqlclient_unable_to_establish_sqlconnection
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
])

/** Yields an error and every error that caused it, each once, outermost first. */
export function* causes(error: unknown): Generator {
  const seen = new Set<unknown>()
  for (
    let current = error;
    current !== undefined && current !== null && !seen.has(current);
    current = (current as { cause?: unknown }).cause
  ) {
    seen.add(current)
    yield current
  }
}

/** The first `code` found down the chain of causes, as text. */
export function codeOf(error: unknown): string | undefined {
  for (const cause of causes(error)) {
    const { code } = cause as { code?: unknown }
    if (typeof code === 'string' || typeof code === 'number') return String(code)
  }
  return undefined
}

const kinds = [Permanent, Retryable, Busy, Deferred, AwaitingReview, Stopped]
type Kind = Permanent | Retryable | Busy | Deferred | AwaitingReview | Stopped

/** Turns anything thrown into one of the kinds above: the one place that classifies. */
export function classify(error: unknown): Kind {
  for (const cause of causes(error)) {
    if (kinds.some((kind) => cause instanceof kind)) return cause as Kind
  }
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EFBIG' || code === '507')
    return new Permanent('disk_full', 'There is no room left to write. Free some space and try again.', {
      cause: error,
    })
  const message = error instanceof Error ? error.message : String(error)
  return new Retryable(
    'internal',
    code !== undefined && passingFaults.has(code) ? `A passing fault: ${message}` : message,
    { cause: error },
  )
}
