// Show notes: what applications show of them stays, the rest goes, and they can be read as plain text.
import { expect, test } from '@jest/globals'
import { asParagraphs, cleanNotes, notesAsText } from '../../shared/feed/show-notes.ts'

test.each<[string, string, string, boolean]>([
  [
    'what applications show',
    '<p>A <b>b</b> <em>c</em></p><ul><li>d</li></ul>',
    '<p>A <b>b</b> <em>c</em></p><ul><li>d</li></ul>',
    false,
  ],
  [
    'links',
    '<a href="https://x.example/?a=1&b=2" onclick="y()">x</a>',
    '<a href="https://x.example/?a=1&amp;b=2">x</a>',
    false,
  ],
  ['links that run', '<a href="javascript:x()">x</a><a href="//y.example">y</a>', '<a>x</a><a>y</a>', false],
  ['scripts', '<p>Hi<script>alert(1)</script></p>', '<p>Hi</p>', true],
  ['pictures and frames', '<img src=x onerror=y()><iframe src="z"></iframe>a', 'a', true],
  ['other headings and blocks', '<h1>A</h1><div>b</div>', '<h2>A</h2><p>b</p>', false],
  ['what is not closed', '<p>a<b>b', '<p>a<b>b</b></p>', false],
  ['nothing but markup', '<style>p{}</style>', '', true],
])('%s', async (_what, html, cleaned, isCut) => {
  expect(await cleanNotes(html)).toEqual({ html: cleaned, isCut })
})

test('as text they have a line a paragraph, marks before entries and addresses behind links', async () => {
  const html =
    '<p>With &lt;b&gt; &amp; <a href="https://x.example">a link</a>,\n <a href="https://y.example">https://y.example</a></p>' +
    '<ul><li>one</li><li>two</li></ul><p>End<br />of it</p>'
  expect(await notesAsText(html, 4000)).toBe(
    'With <b> & a link (https://x.example), https://y.example\n\n• one\n• two\n\nEnd\nof it',
  )
  expect(await notesAsText(`<p>${'x'.repeat(50)}</p>`, 20)).toBe(`${'x'.repeat(19)}…`)
})

test('text becomes paragraphs', () => {
  expect(asParagraphs('a <b>\nc\n\nd & e')).toBe('<p>a &lt;b&gt;<br />c</p>\n<p>d &amp; e</p>')
})
