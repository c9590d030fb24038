// Scripts: variables have values, or the producer hears about it before anything is rendered.
import { describe, expect, test } from '@jest/globals'
import { fillScript } from '../../shared/settings/script.ts'
import { parseTemplate } from '../../shared/settings/settings.ts'

const spoken = (script: string) =>
  JSON.stringify({ segments: [{ type: 'content' }, { type: 'outro', source: { kind: 'spoken', script } }] })

describe('A script', () => {
  test('says the values of its variables', () => {
    expect(
      fillScript(
        'Welcome to {podcast_name}, episode { episode_number }.',
        { podcast_name: 'The $& Show', episode_number: '7' },
        'It',
      ),
    ).toBe('Welcome to The $& Show, episode 7.')
  })

  test('that names what the episode does not have is an error that says who needs what', () => {
    expect(() => fillScript('With {guest}!', {}, 'Segment 1 (intro)')).toThrow(
      expect.objectContaining({
        code: 'missing_variable',
        message: expect.stringMatching(/Segment 1 \(intro\) says \{guest\}.*episode\.json/) as unknown,
      }),
    )
  })

  test('that names an unknown variable makes a bad template; the error names segment and field', () => {
    expect(() => parseTemplate(spoken('Hi {gest}'), 'show.json')).toThrow(
      /show\.json.*segments #2, source, script: there is no variable \{gest\}; there are \{podcast_name\}/,
    )
  })
})
