/** Text that feeds, tags and the database can hold. */

/**
 * Without control characters, halves of characters and what is no character. They come with pasted text and
 * are never seen, but one of them makes a whole feed unreadable: XML and PostgreSQL cannot hold them.
 */
export const withoutUnseen = (text: string): string =>
  text.replaceAll(/(?![\t\n\r])\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/gu, '')
