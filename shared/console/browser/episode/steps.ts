/** What goes on in a step, in words for whoever waits. */
export const stepWords: Readonly<Record<string, string>> = {
  prepare: 'The recording is read',
  join: 'The recording is put together',
  recognise: 'What is said is written down',
  transcribe: 'The words are put in order',
  clean: 'Fillers and long pauses are looked for',
  answer: 'Questions are answered',
  decide: 'It is settled what is cut',
  voice: 'Scripts are spoken',
  arrange: 'The show is laid out',
  preview: 'The edits are made to hear',
  measure: 'Loudness is measured',
  level: 'Loudness is set',
  render: 'The sound is made',
  finish: 'The files are put together',
  page: 'The review page is made',
  publish: 'It is brought before listeners',
}
