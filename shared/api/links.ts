/** What the links in answers are good for: addresses that need no key, and so live no longer than a page is read. */

export const linkSeconds = 3600
