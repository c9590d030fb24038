/**
 * Mail that no person wrote as a letter: delivery failures, receipts, automatic replies, invitations, and what the mail's own
 * filter took for spam. Hides by what they are told apart; only what a program says counts, never a message's words.
 */
import type { SlimMail } from './slim.ts'

const reports: Readonly<Record<string, string>> = {
  'delivery-status': 'It is a notice of a failed or late delivery, not a letter.',
  'disposition-notification': 'It is a read receipt, not a letter.',
  'feedback-report': 'It is a complaint about mail, sent by a mail system, not a letter.',
}

/** Why the message is no letter, whatever its text; undefined when it may be one. */
export function whyAutomatic(
  { headers, types, invites }: SlimMail,
  senderAddress: string,
): string | undefined {
  const { value, parameters } = headers.structured('content-type')
  if (value === 'multipart/report')
    return (
      reports[parameters['report-type']?.toLowerCase() ?? ''] ??
      'It is the report of a program, not a letter.'
    )
  if (types.includes('message/delivery-status') || headers.has('x-failed-recipients'))
    return reports['delivery-status']
  if (types.includes('message/disposition-notification')) return reports['disposition-notification']
  if (invites) return 'It is an invitation, or an answer to one, sent by a calendar: not a letter.'
  if (/^(mailer-daemon|postmaster)(@|$)/.test(senderAddress))
    return 'A mail system sent it (MAILER-DAEMON or postmaster), not a listener.'
  // as SpamAssassin and those that follow it mark it
  if (/^yes/i.test(headers.raw('x-spam-flag')) || /^yes/i.test(headers.raw('x-spam-status')))
    return 'The filter of its mailbox took it for spam. If it is a letter, take that mark off, or say there that it is none.'
  const submitted = headers.structured('auto-submitted').value
  if (
    submitted.startsWith('auto-replied') ||
    /^auto[_-]?reply/i.test(headers.raw('precedence')) ||
    ['x-autoreply', 'x-autorespond'].some((name) => headers.has(name) && !/^no$/i.test(headers.raw(name)))
  )
    return 'It is an automatic reply, not a letter.'
  if (submitted !== '' && submitted !== 'no') return 'A program sent it by itself, as it says: not a letter.'
  return undefined
}

/** What a message is that has no words of its own. */
export function whyWordless({ texts, types, attachments }: SlimMail): string {
  if (types.some((type) => type === 'text/calendar' || type === 'application/ics'))
    return 'It has no text: it is an invitation for a calendar.'
  if (types.some((type) => /ms-tnef/.test(type)))
    return "It has no text but Outlook's winmail.dat, which only Outlook opens."
  if (texts.some(({ text }) => text.trim() !== ''))
    return 'It has no text of its own: all is quoted or forwarded.'
  if (types.some((type) => /pgp-encrypted|pkcs7-mime/.test(type)))
    return 'It has no text that can be read: it is encrypted.'
  if (types.includes('message/rfc822')) return 'It has no text of its own, only other messages in it.'
  return attachments > 0 ? 'It has no text, only attachments.' : 'It has no text.'
}
