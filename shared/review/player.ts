/**
 * The script of the review page, run in the browser: plays an edit as recorded and as it will be by the
 * decisions made so far, plays all that is removed, and saves the decisions as a file. Hides decoding and splicing parts of the embedded
 * sound (the reel); the page needs no server and no other file.
 */
export const playerScript = String.raw`
'use strict'
const data = JSON.parse(document.getElementById('data').textContent)
const reel = Uint8Array.from(atob(document.getElementById('reel').textContent.trim()), (c) => c.charCodeAt(0))
const rate = data.sampleRate
let context, playing, button
const decoded = new Map()

/** The sound of a part of the reel (a stretch of the recording) as a Float32Array at the reel's rate. */
async function soundOf(stretch) {
  if (decoded.has(stretch)) return decoded.get(stretch)
  const seconds = (stretch.endSample - stretch.startSample) / rate
  const first = Math.max(0, stretch.frame - data.warmUpFrames)
  const last =
    stretch.frame + Math.ceil((seconds * data.reelRate + data.delaySamples) / data.frameSamples) + 1
  const bytes = reel.slice(first * data.frameBytes, last * data.frameBytes)
  const offline = new OfflineAudioContext(1, 1, data.reelRate)
  const whole = (await offline.decodeAudioData(bytes.buffer)).getChannelData(0)
  const skipped = (stretch.frame - first) * data.frameSamples + data.delaySamples
  const sound = whole.subarray(skipped, skipped + Math.round(seconds * data.reelRate))
  decoded.set(stretch, sound)
  return sound
}

const stretchAt = (sample) => data.stretches.find((s) => s.startSample <= sample && sample <= s.endSample)
const toReel = (samples) => Math.round((samples * data.reelRate) / rate)

function overlapAdd(parts) {
  const fade = Math.round(0.03 * data.reelRate)
  let out = new Float32Array(0)
  for (const { sound, joins } of parts) {
    const overlap = joins ? Math.min(fade, out.length >> 1, sound.length >> 1) : 0
    const next = new Float32Array(out.length + sound.length - overlap)
    next.set(out)
    for (let i = 0; i < overlap; i++) {
      const t = ((i + 0.5) / overlap) * (Math.PI / 2)
      next[out.length - overlap + i] = out[out.length - overlap + i] * Math.cos(t) + sound[i] * Math.sin(t)
    }
    next.set(sound.subarray(overlap), out.length)
    out = next
  }
  return out
}

/** The recording from start to end, at the rate of the reel, with the given splices made. */
async function cutOut(start, end, splices) {
  const stretch = stretchAt(start)
  const sound = await soundOf(stretch)
  const parts = []
  let from = start
  const keepUpTo = (to) => {
    if (to > from)
      parts.push({
        sound: sound.subarray(toReel(from - stretch.startSample), toReel(to - stretch.startSample)),
        joins: parts.length > 0,
      })
  }
  for (const splice of splices) {
    if (splice.endSample < from || splice.startSample > end || splice.startSample < start) continue
    keepUpTo(splice.startSample)
    if (splice.sound === 'tone')
      parts.push({ sound: tone(toReel(splice.endSample - splice.startSample), splice.hz), joins: false })
    else if (data.inserted[splice.edit])
      parts.push({ sound: await soundOf(data.inserted[splice.edit]), joins: false })
    from = Math.max(from, splice.endSample)
  }
  keepUpTo(end)
  return overlapAdd(parts)
}

const tone = (length, hz) =>
  Float32Array.from({ length }, (_, i) => 0.1 * Math.sin((2 * Math.PI * hz * i) / data.reelRate))

async function play(sound, on) {
  context ??= new AudioContext()
  const buffer = context.createBuffer(1, Math.max(1, sound.length), data.reelRate)
  buffer.copyToChannel(Float32Array.from(sound), 0)
  start(buffer, on, 0)
}

function start(buffer, on, offset) {
  stop()
  void context.resume()
  playing = context.createBufferSource()
  playing.buffer = buffer
  playing.connect(context.destination)
  button = on
  button?.setAttribute('aria-pressed', 'true')
  playing.onended = stop
  playing.start(0, offset)
  hearing = { place: on?.dataset.place, begun: context.currentTime - offset }
}

const places = JSON.parse(document.getElementById('places').textContent)
/** Where in a place one is, while it plays. */
let hearing

async function playPlace(place, side, on) {
  context ??= new AudioContext()
  const goesOn = playing && hearing?.place === place
  const offset = goesOn ? context.currentTime - hearing.begun : 0
  const bytes = Uint8Array.from(atob(places[place][side]), (c) => c.charCodeAt(0))
  const buffer = await context.decodeAudioData(bytes.buffer)
  start(buffer, on, offset < buffer.duration ? offset : 0)
}

function stop() {
  if (!playing) return
  playing.onended = null
  playing.stop()
  button?.setAttribute('aria-pressed', 'false')
  playing = button = undefined
}

const around = (edit, before, after) => {
  const stretch = stretchAt(edit.startSample)
  return [
    Math.max(stretch.startSample, edit.startSample - before * rate),
    Math.min(stretch.endSample, edit.endSample + after * rate),
  ]
}

const chosen = () => [...document.querySelectorAll('select[data-edit]')].filter(({ value }) => value)

/** What is cut as the decisions on the page leave it, in order. */
function splicesNow() {
  const verdicts = new Map(
    chosen().flatMap(({ dataset, value }) => dataset.edit.split(' ').map((id) => [id, value])),
  )
  const made = data.splices.filter(({ edit }) => verdicts.get(edit) !== 'reject')
  const were = new Set(data.splices.map(({ edit }) => edit))
  const added = Object.values(data.edits).filter(({ id }) => verdicts.get(id) === 'accept' && !were.has(id))
  return inOrder([...made, ...added.map(spliceOf)])
}

const spliceOf = ({ id, startSample, endSample, sound, hz }) => ({ startSample, endSample, edit: id, sound, hz })
const inOrder = (splices) => splices.sort((a, b) => a.startSample - b.startSample)

const actions = {
  before: async (edit) => cutOut(...around(edit, ...edit.context), []),
  after: async (edit) => {
    const others = splicesNow().filter(
      (s) => s.edit !== edit.id && !(s.startSample < edit.endSample && edit.startSample < s.endSample),
    )
    return cutOut(...around(edit, ...edit.context), inOrder([...others, spliceOf(edit)]))
  },
}

document.addEventListener('click', async (event) => {
  const target = event.target.closest('button')
  if (!target) return
  if (target === button) return stop()
  if (target.dataset.play)
    await play(await actions[target.dataset.play](data.edits[target.dataset.edit]), target)
  if (target.dataset.place) await playPlace(target.dataset.place, target.dataset.side, target)
  if (target.id === 'removed') {
    const parts = []
    for (const { startSample, endSample } of splicesNow()) {
      if (endSample <= startSample || !stretchAt(startSample)) continue
      parts.push({
        sound: await cutOut(startSample, Math.min(endSample, stretchAt(startSample).endSample), []),
        joins: false,
      })
      parts.push({ sound: new Float32Array(Math.round(0.15 * data.reelRate)), joins: false })
    }
    await play(overlapAdd(parts), target)
  }
  if (target.id === 'save') save()
})

/** The decisions made on the page: only what was changed is one. */
function decisions() {
  const found = []
  for (const { dataset, value } of chosen())
    for (const edit of dataset.edit.split(' ')) found.push({ decision: value, edit })
  for (const field of document.querySelectorAll('textarea[data-edit]')) {
    if (field.value.trim())
      found.push({ decision: 'answer', edit: field.dataset.edit, text: field.value.trim() })
  }
  const taken = [...document.querySelectorAll('input[data-take]:checked')]
  if (taken.length > 0)
    found.push(Object.assign({ decision: 'take' }, ...taken.map((field) => JSON.parse(field.dataset.take))))
  return found
}

function save() {
  const file = new Blob([JSON.stringify({ version: 1, decisions: decisions() }, null, 1)], {
    type: 'application/json',
  })
  const link = Object.assign(document.createElement('a'), {
    href: URL.createObjectURL(file),
    download: 'decisions.json',
  })
  link.click()
  URL.revokeObjectURL(link.href)
}

document.addEventListener('input', () => {
  const count = decisions().length
  document.getElementById('save').disabled = count === 0
  document.getElementById('count').textContent =
    count === 0 ? '' : count + (count === 1 ? ' decision' : ' decisions')
})
`
