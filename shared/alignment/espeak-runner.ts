/**
 * A process that stands in for the program espeak-ng: it takes the same arguments, as far as Spool gives any, and has npm's
 * `@echogarden/espeak-ng-emscripten` do the work. That package is under a licence of its own (GPL), is installed by whoever
 * wants it, and is in no other process than this one. Arguments: its main file, then espeak-ng's.
 */
import { argv, stdin, stdout } from 'node:process'
import { pathToFileURL } from 'node:url'

/** The part of the package that is used. */
interface Worker {
  /** 0 where it knows the voice. */
  set_voice: (name: string, language: string) => number
  /** A line for each clause. */
  synthesize_ipa: (text: string) => { readonly code: number; readonly ipa: string }
  synthesize: (text: string, take: (samples: Int16Array) => void) => void
  get_samplerate: () => number
}
interface Package {
  readonly default: () => Promise<{ readonly eSpeakNGWorker: new () => Worker }>
}

const [main, ...args] = argv.slice(2)
const voice = args[args.indexOf('-v') + 1]!
const { default: open } = (await import(pathToFileURL(main!).href)) as Package
const worker = new (await open()).eSpeakNGWorker()
if (worker.set_voice(voice, voice) !== 0) throw new Error(`There is no voice ${voice}.`)
const text = Buffer.concat(await stdin.toArray()).toString('utf8')
stdout.write(args.includes('--stdout') ? spoken(text) : phonesOf(text))

function phonesOf(lines: string): string {
  return lines
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { code, ipa } = worker.synthesize_ipa(line)
      if (code !== 0) throw new Error(`"${line}" cannot be said.`)
      return ipa
    })
    .join('')
}

/** A WAV file of one channel, 16 bits. */
function spoken(sentence: string): Buffer {
  const parts: Int16Array[] = []
  worker.synthesize(sentence, (samples) => void parts.push(samples))
  const sound = Buffer.concat(
    parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  )
  const rate = worker.get_samplerate()
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + sound.length, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(rate, 24)
  header.writeUInt32LE(2 * rate, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(sound.length, 40)
  return Buffer.concat([header, sound])
}
