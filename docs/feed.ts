/** The page of the feed: what a show may say of itself, how it is taken over, and the rules, as the code has them. */
import { feedRules } from '../shared/publishing/feed-rules.ts'
import { categoryTexts } from '../shared/settings/categories.ts'

const rows = feedRules.map(
  ({ id, of, severity, remedy, source }) =>
    `| \`${id}\` | ${of} | ${severity} | ${remedy.replaceAll('<', '&lt;')} | [source](${source}) |`,
)

export const feedPage = (): string => `# The feed

Made from \`shared/settings/\` and \`shared/publishing/\` by \`node docs/make.ts\`; change it there.

## A show

\`podcast.json\` beside a recording, or given with \`--podcast\`, sets the show; the newest one counts. [settings.md](settings.md#podcastjson) has all its fields; each has a default.

- **\`slug\`** is what commands and addresses call the show; \`./spool init\` writes it. Without it that is made of the title, so that a new title makes a new show: \`assemble\` and
  \`upload\` say so, and which shows there are. Of a show that is there it changes nothing.
- **Cover.** \`cover.jpg\` or \`cover.png\` among the podcast's assets (beside \`podcast.json\` on the command line) becomes a square JPEG of 1400 to 3000 pixels, under a new
  address for each picture. \`imageUrl\` names one elsewhere. With neither, the first episode's cover stands in. A new cover is in the feed with the next publication.
- **\`enclosurePrefix\`** stands before every audio address, so that somebody counts downloads: \`https://op3.dev/e/\`, \`https://dts.podtrac.com/redirect.mp3/\`.
- **\`feedLimit\`** keeps the newest so many episodes in the feed; the others keep their files and come back when it is raised. Without it the feed has all:
  2,000 episodes with everything there is to say are 9 MB, written in 0.6 s.
- **\`aiDisclosure\`**. An episode with a synthetic voice (a spoken segment, the assistant's answer) says so in its description, as Apple's content guidelines ask, and with
  \`<podcast:txt purpose="ai-content">\`, which no directory documents and feeds have come to use. A text of your own, or \`false\` for nothing.
- Items stand newest first in a serial show too: applications order it by season and number, and take the first item for the newest.
- \`category\` and \`categories\` are of Apple's list: ${categoryTexts.map((text) => `\`${text}\``).join(', ')}.

## An episode

\`episode.json\` beside a recording. [settings.md](settings.md#episodejson) has all its fields.

\`content\` holds show notes in HTML: paragraphs, lists, links, emphasis and headings stay, the rest is taken out with a note. A description is made of it when there is none.
\`soundbites\` count in seconds of the finished episode. \`persons\` take the place of the show's.

## Taking a show over

\`\`\`sh
./spool import-feed https://old.example/feed.xml --dry-run    # what would come, and what has no place here
./spool import-feed https://old.example/feed.xml              # the audio stays where it is
./spool import-feed https://old.example/feed.xml --fetch      # MP3 comes too
\`\`\`

A feed may have 20 MB; a file is taken as well. Episodes keep guid and date for ever, also when one is made anew: a recording in the folder
of its name (the API lists them) replaces its audio. A second import adds only what is new, and leaves settings that were changed here.
A show of the same name that is there already is taken for this one where the feed has its guid, or one of its episodes; else the import is refused, until \`--podcast NAME\` gives it another name or
\`--same-show\` says that it is the same. What the feed does not say
(a duration, a length) is not made up. Addresses in private networks are not asked. Then let the old host name
the new address (\`itunes:new-feed-url\`, or a redirect).

## On a server of your own

\`./spool export PODCAST --url ADDRESS --out site\` writes a folder. Whatever serves it must answer byte ranges, or players cannot seek and directories refuse the show (Python's
\`http.server\` does not), and should say each file's type. A whole configuration of nginx that does both, for \`site\` at port 8080
(\`nginx -p . -c nginx.conf\`; behind a name of yours with TLS it is the \`server\` block that counts):

\`\`\`nginx
events {}
http {
  server {
    listen 8080;
    root site;
    types {
      application/rss+xml xml;
      audio/mpeg          mp3;
      image/jpeg          jpg jpeg;
      image/png           png;
      text/vtt            vtt;
      application/x-subrip srt;
      application/json    json;
      text/plain          txt;
    }
    location ~ /chapters\\.json$ {
      types {}
      default_type application/json+chapters;
    }
    location ~ /\\. { return 404; }
  }
}
\`\`\`

Apache and Caddy answer ranges by themselves. Try it before anybody else does: export with \`--url http://localhost:8080\`, serve it, and \`./spool check http://localhost:8080/feed.xml\`
asks for every file. A later export takes away what the one before has written and nothing names any more, and nothing else; into
the folder of another show's export it does not go.

## The rules of \`./spool check\`

| Rule | of | Severity | What to do | Who says so |
|---|---|---|---|---|
${rows.join('\n')}
`
