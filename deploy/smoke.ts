/**
 * The smoke test of a deploy, run by cloudbuild.yaml before anybody is sent to the new revisions: every function
 * says that it could work (its configuration, its programs), and a two-second recording becomes an episode. Hides how
 * private functions are called, and that the version which serves meanwhile leaves the recording alone.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { catalogue } from '../functions/index.ts'
import { toWav } from '../shared/audio/wav.ts'
import { addressOf } from '../shared/function-address.ts'
import { nameOf } from '../shared/engine/serve.ts'
import { uploadName } from '../shared/objects.ts'

export interface Deployed {
  readonly projectId: string
  /** The tag of the revisions to try. */
  readonly tag: string
  /** As FUNCTIONS_URL: with `{name}` in it. */
  readonly functionsUrl: string
  readonly apiKey: string
}

/** Google's own addresses; tests have others. */
export interface Google {
  readonly metadata: string
  readonly storage: string
  readonly credentials: string
  readonly pauseMs: number
}

const google: Google = {
  metadata: 'http://metadata.google.internal/computeMetadata/v1',
  storage: 'https://storage.googleapis.com',
  credentials: 'https://iamcredentials.googleapis.com',
  pauseMs: 3000,
}

const audience = 'https://spool' // as in deploy/lib.sh
const caller = 'spool-caller'
const longestMs = 15 * 60_000
/** The user that FIRST_API_KEY is the key of. */
const user = 'owner'
/** Of the podcast and of its one episode, which every deploy makes anew. */
const folder = 'smoke'
const sampleRate = 16_000
const seconds = 2

/** Throws an Error that says what does not work; resolves with the run's id. */
export async function smokeTest(deployed: Deployed, at: Google = google): Promise<string> {
  const access = await accessToken(at)
  const identity = await identityToken(deployed, access, at)
  await Promise.all(askable.map((entry) => seeHealthy(nameOf(entry), identity, deployed)))
  const before = await newestRun(deployed)
  const object = await drop(deployed, access, at)
  await tell(object, identity, deployed)
  return await untilFinished(before?.id, deployed, at)
}

/** Of the account that the build runs as. https://cloud.google.com/compute/docs/access/authenticate-workloads */
async function accessToken({ metadata }: Google): Promise<string> {
  const url = `${metadata}/instance/service-accounts/default/token`
  const { access_token: token } = await answered<{ access_token: string }>('a token for the build', url, {
    headers: { 'metadata-flavor': 'Google' },
  })
  return token
}

/** https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken */
async function identityToken({ projectId }: Deployed, access: string, at: Google): Promise<string> {
  const account = `${caller}@${projectId}.iam.gserviceaccount.com`
  const { token } = await answered<{ token: string }>(
    `a token in the name of ${caller}`,
    `${at.credentials}/v1/projects/-/serviceAccounts/${account}:generateIdToken`,
    asJson({ audience, includeEmail: true }, access),
  )
  return token
}

/** What is called by events alone answers nothing else. */
const askable = catalogue.filter(({ trigger }) => trigger !== 'upload')

/** Addresses that end in z belong to Google, hence not `/healthz`. */
async function seeHealthy(name: string, identity: string, { functionsUrl }: Deployed): Promise<void> {
  await answered(name, `${addressOf(functionsUrl, name)}/health`, {
    headers: { authorization: `Bearer ${identity}` },
  })
}

interface Dropped {
  readonly bucket: string
  readonly name: string
  readonly generation: string
  readonly metadata: Readonly<Record<string, string>>
}

/** One recording for each deploy, of other sound each time: results that are there already would prove nothing. */
async function drop({ projectId, tag }: Deployed, access: string, at: Google): Promise<Dropped> {
  const bucket = `${projectId}-spool-uploads`
  const metadata = { 'spool-version': tag }
  const boundary = randomUUID()
  const resource = JSON.stringify({ name: uploadName(user, folder, folder, `${tag}.wav`), metadata })
  const body = Buffer.concat([
    Buffer.from(`--${boundary}\r\ncontent-type: application/json\r\n\r\n${resource}\r\n`),
    Buffer.from(`--${boundary}\r\ncontent-type: audio/wav\r\n\r\n`),
    recording(tag),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
  const dropped = await answered<Omit<Dropped, 'metadata'>>(
    'the recording’s upload',
    `${at.storage}/upload/storage/v1/b/${bucket}/o?uploadType=multipart`,
    {
      method: 'POST',
      headers: {
        authorization: `Bearer ${access}`,
        'content-type': `multipart/related; boundary=${boundary}`,
      },
      body,
    },
  )
  return { ...dropped, metadata }
}

/** Two seconds of a tone that only this deploy has: mono, 16 bits. */
export function recording(tag: string): Buffer {
  const hertz = 200 + (parseInt(tag.slice(1), 16) % 400)
  const samples = Float32Array.from(
    { length: seconds * sampleRate },
    (_, i) => 0.18 * Math.sin((2 * Math.PI * hertz * i) / sampleRate),
  )
  return toWav({ samples, sampleRate })
}

/** The event, as Eventarc sends it to the revision that serves. */
async function tell(object: Dropped, identity: string, { functionsUrl }: Deployed): Promise<void> {
  await answered('on-upload', addressOf(functionsUrl, 'on-upload'), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${identity}`,
      'content-type': 'application/json',
      'ce-id': randomUUID(),
      'ce-specversion': '1.0',
      'ce-type': 'google.cloud.storage.object.v1.finalized',
      'ce-source': `//storage.googleapis.com/projects/_/buckets/${object.bucket}`,
      'ce-subject': `objects/${object.name}`,
    },
    body: JSON.stringify(object),
  })
}

interface Run {
  readonly id: string
  readonly status: string
  readonly message: string | null
}

/** Of the episode that deploys are tried with. */
async function newestRun({ functionsUrl, apiKey }: Deployed): Promise<Run | undefined> {
  const api = addressOf(functionsUrl, 'api')
  const ask = async <T>(path: string) =>
    (
      await answered<{ items: T[] }>('api', `${api}${path}`, {
        headers: { authorization: `Bearer ${apiKey}` },
      })
    ).items
  const episodes = await ask<{ id: string; slug: string }>('/episodes?limit=100')
  const tried = episodes.find(({ slug }) => slug === folder)
  return tried && (await ask<Run>(`/runs?limit=1&episodeId=${tried.id}`))[0]
}

async function untilFinished(before: string | undefined, deployed: Deployed, at: Google): Promise<string> {
  let seen = 'there is no run'
  for (const endsAt = Date.now() + longestMs; Date.now() < endsAt;) {
    await pause(at.pauseMs)
    const run = await newestRun(deployed)
    if (!run || run.id === before) continue
    seen = `run ${run.id} is ${run.status}`
    if (run.status === 'finished') return run.id
    if (['failed', 'cancelled', 'awaiting_review'].includes(run.status))
      throw new Error(`The recording became no episode: ${seen}. ${run.message ?? ''}`)
  }
  throw new Error(`The recording became no episode in ${longestMs / 60_000} minutes: ${seen}.`)
}

const asJson = (body: object, token: string): RequestInit => ({
  method: 'POST',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

async function answered<T>(what: string, url: string, request: RequestInit): Promise<T> {
  const response = await fetch(url, request)
  const text = await response.text()
  if (!response.ok) throw new Error(`${what}: ${url} answered ${response.status}: ${text.slice(0, 500)}`)
  return (text === '' ? undefined : tryJson(text)) as T
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

if (import.meta.main) {
  const { PROJECT_ID, PROJECT_NUMBER, REGION, BUILD_ID, FIRST_API_KEY } = process.env
  const tag = `v${BUILD_ID!.split('-')[0]}` // as deploy/steps/function.sh makes it
  const run = await smokeTest({
    projectId: PROJECT_ID!,
    tag,
    functionsUrl: `https://${tag}---spool-{name}-${PROJECT_NUMBER}.${REGION}.run.app`,
    apiKey: FIRST_API_KEY!,
  })
  process.stdout.write(`${tag} made an episode of two seconds: run ${run}.\n`)
}
