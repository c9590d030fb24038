/** The style sheet of the review page, on light and on dark, with the colours of the kinds of edits. */
import { editKindNames, editKinds } from '../settings/edit-kinds.ts'

const colourVariables = (theme: 0 | 1): string =>
  editKindNames.map((kind) => `--${kind}: ${editKinds[kind].colours[theme]}`).join('; ')
const colourRules = editKindNames
  .map((kind) => `span.${kind} { background: var(--${kind}) } svg .${kind} { fill: var(--${kind}) }`)
  .join('\n')

export const style = `
:root {
  color-scheme: light dark;
  --ink: #1d2430;
  --paper: #fbfaf7;
  --card: #fff;
  --line: #d9d5cc;
  --wave: #33526e;
  --gain: #b3261e;
  ${colourVariables(0)};
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e7e4dd;
    --paper: #181b20;
    --card: #20242b;
    --line: #3a3f47;
    --wave: #9fc0dd;
    --gain: #ff9c8f;
    ${colourVariables(1)};
  }
}
body {
  margin: 0 auto;
  max-width: 68rem;
  padding: 2rem 1.25rem 5rem;
  background: var(--paper);
  color: var(--ink);
  font:
    16px/1.55 system-ui,
    sans-serif;
}
h1 {
  margin: 0 0 1rem;
  font-size: 1.9rem;
  line-height: 1.2;
}
h2 {
  margin: 2.2rem 0 0.5rem;
  font-size: 1.15rem;
}
.podcast {
  margin: 0;
  opacity: 0.7;
}
.hint,
.legend {
  margin: 0.25rem 0;
  font-size: 0.875rem;
  opacity: 0.75;
}
.bar {
  margin: 0.25rem 0 0.75rem;
}
dl {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr));
  gap: 0.5rem;
  margin: 0;
}
dl div {
  border: 1px solid var(--line);
  border-radius: 0.5rem;
  padding: 0.5rem 0.75rem;
  background: var(--card);
}
dt {
  font-size: 0.8rem;
  opacity: 0.7;
}
dd {
  margin: 0;
  font-weight: 600;
  font-variant-numeric: tabular-nums;
}
svg {
  width: 100%;
  height: 10rem;
  border: 1px solid var(--line);
  border-radius: 0.5rem;
  background: var(--card);
}
svg path {
  stroke: var(--wave);
  fill: none;
}
svg rect {
  opacity: 0.55;
}
svg rect.undecided {
  stroke: var(--ink);
  stroke-dasharray: 4 3;
  vector-effect: non-scaling-stroke;
}
.legend span,
td span:empty {
  display: inline-block;
  width: 0.7em;
  height: 0.7em;
  border-radius: 0.15em;
  margin-left: 0.6em;
}
td span:empty {
  margin-left: 0;
}
${colourRules}
table {
  width: 100%;
  border-collapse: collapse;
  font-size: 0.9rem;
}
th,
td {
  padding: 0.4rem 0.6rem 0.4rem 0;
  border-bottom: 1px solid var(--line);
  text-align: left;
  vertical-align: top;
}
td:nth-child(-n + 2) {
  font-variant-numeric: tabular-nums;
  white-space: nowrap;
}
td:nth-child(3),
.play {
  white-space: nowrap;
}
button,
select,
textarea {
  font: inherit;
  font-size: 0.85rem;
  color: inherit;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 0.4rem;
  padding: 0.15rem 0.55rem;
}
button {
  cursor: pointer;
}
button[aria-pressed='true'] {
  background: var(--wave);
  color: var(--paper);
}
button:disabled {
  opacity: 0.45;
  cursor: default;
}
textarea {
  width: 100%;
  box-sizing: border-box;
  margin-top: 0.3rem;
}
.waiting {
  border: 2px solid var(--flubber);
  border-radius: 0.75rem;
  padding: 0 1rem 1rem;
  margin-top: 1.5rem;
}
.waiting h2 {
  margin-top: 1rem;
}
.gain {
  fill: none;
  stroke: var(--gain);
  stroke-width: 2;
  vector-effect: non-scaling-stroke;
}
span.gain {
  background: var(--gain);
}
.places {
  list-style: none;
  padding: 0;
}
.places li {
  margin: 0.3rem 0;
}
.proposed ul {
  list-style: none;
  padding: 0;
}
.proposed li {
  margin: 0.3rem 0;
}
.notes code {
  opacity: 0.6;
}
footer {
  position: fixed;
  inset: auto 0 0;
  padding: 0.6rem 1.25rem;
  text-align: right;
  background: var(--paper);
  border-top: 1px solid var(--line);
}
del {
  color: var(--filler);
}
tr.rejected {
  opacity: 0.5;
}
tr.pending td:first-child {
  font-weight: 600;
}
@media (max-width: 40rem) {
  thead {
    position: absolute;
    clip-path: inset(50%);
  }
  tr {
    display: flex;
    flex-wrap: wrap;
    gap: 0.15rem 0.9rem;
    padding: 0.6rem 0;
    border-bottom: 1px solid var(--line);
  }
  td {
    padding: 0;
    border: 0;
  }
  td:nth-child(4),
  td:nth-child(5) {
    flex: 1 0 100%;
  }
  td:empty {
    display: none;
  }
}
`
