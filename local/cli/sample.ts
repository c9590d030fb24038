/** The sample show that ships with Spool, as a job: what `demo` makes, and what a rehearsal must make alike. */
import path from 'node:path'
import { episodeSlug, type Job } from './job-files.ts'
import { quoted } from './quoted.ts'

export function sampleJob(root: string, out: string): Job {
  const sample = (file: string) => path.join(root, 'samples', file)
  return {
    recordings: [sample('conversation.flac')],
    words: sample('conversation.words.json'),
    template: sample('template.json'),
    podcast: sample('podcast.json'),
    cover: sample('cover.png'),
    episode: sample('episode.json'),
    sameEpisode: true, // of another Spool's sample too
    out,
  }
}

/** What commands call the episode that `demo` has made: its recording's name, and not the demo's. */
export function calledLine(job: Job): string {
  const name = quoted(episodeSlug(job))
  return `Called    ${name}: ./spool review ${name} shows what was done to it\n`
}
