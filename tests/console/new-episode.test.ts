// What the form of a new episode says before anything is sent.
import { expect, test } from '@jest/globals'
import { blank, problemOf, whatIsMissing } from '../../shared/console/browser/new/form.ts'
import { tellApart } from '../../shared/console/browser/new/kinds.ts'
import { aNewShow, showChosen } from '../../shared/console/browser/new/show-choice.ts'

test.each([
  ['none there', '', 'night', [], aNewShow],
  ['one there', '', '', ['night'], 'night'],
  ['several, and none was used', '', '', ['night', 'day'], ''],
  ['several, and one was used last', '', 'day', ['night', 'day'], 'day'],
  ['one that is chosen', 'night', 'day', ['night', 'day'], 'night'],
  ['one that is gone since', 'gone', 'gone too', ['night', 'day'], ''],
  ['a new one', aNewShow, 'day', ['night', 'day'], aNewShow],
])('the show of a new episode: %s', (_, chosen, last, shows, meant) => {
  expect(showChosen(chosen, last, shows)).toBe(meant)
})

const file = (kind: string, name: string, size = 1) => ({ kind, file: { name, size } })

test('a file that is empty, or of no use, is told as soon as it is there', () => {
  const files = [file('recording', 'a.wav', 0), file('words', 'a.vtt', 0), file('recording', 'b.wav'), file('other', 'a.doc', 0)] // prettier-ignore
  expect(files.map(problemOf)).toEqual([
    'It is empty. Record or export it again.',
    'It is empty. Save it again, or leave it out.',
    undefined,
    expect.stringMatching(/^Nothing would be done with this file\. Chapters are called chapters\.txt/),
  ])
})

test.each([
  ['kap.json', '{"version":"1.2.0","chapters":[{"startTime":0,"title":"One"}]}', 'chapters', 'chapters.json'],
  ['kap.TXT', '00:00 One\n01:30 Two\n', 'chapters', 'chapters.txt'],
  ['talk.json', '{"segments":[{"start":0,"end":1,"text":"One"}]}', 'words', 'talk.words.json'],
  ['script.txt', 'Welcome to the show.', 'other', 'script.txt'],
  ['chapters.vtt', 'WEBVTT', 'chapters', 'chapters.vtt'],
  ['talk.vtt', 'WEBVTT', 'words', 'talk.vtt'],
])('%s is known by its name, or by what it begins with', async (name, content, kind, as) => {
  expect(await tellApart(new File([content], name))).toMatchObject({ kind, name: as })
})

test.each([
  ['Drop a recording first.', {}, []],
  ['a.vtt is empty.', {}, [file('recording', 'a.wav'), file('words', 'a.vtt', 0)]],
  ['Choose its show.', { podcast: '' }, [file('recording', 'a.wav')]],
  ['The new show needs a name.', { podcast: '', newShow: ' ' }, [file('recording', 'a.wav')]],
  [undefined, {}, [file('recording', 'a.wav'), file('other', 'a.doc', 0)]],
  [
    'Number and season are whole numbers from 1 on, such as 3.',
    {},
    [file('recording', 'a.wav')],
    { number: '0' },
  ],
  [
    'Number and season are whole numbers from 1 on, such as 3.',
    {},
    [file('recording', 'a.wav')],
    { season: '-2' },
  ],
  [undefined, {}, [file('recording', 'a.wav')], { number: ' 07 ' }],
])('what is missing: %s', (missing, show, files, form: object = {}) => {
  expect(
    whatIsMissing({ ...blank, ...form }, files, { podcast: 'night', newShow: undefined, ...show }, 'one'),
  ).toBe(missing)
})
