/**
 * Chooses the user's providers in a run: which vendor does what, with which key. Hides that keys travel
 * encrypted and are opened only where they are used.
 */
import type { Config } from '../config.ts'
import type { SealedKey } from '../db/provider-keys.ts'
import { Permanent } from '../errors.ts'
import { keyPurpose, openSealer } from './seal.ts'
import { voicesOfScripts } from '../settings/needs.ts'
import { answererNames } from '../settings/cleaning.ts'
import { localRecogniser, recogniserNames, type RunSettings } from '../settings/settings.ts'
import { voiceNames } from '../settings/segments.ts'

/** Needs no key. */
export const builtInVoice = 'flite'

/** Every provider outside, which wants a key. */
export const keyedProviders: readonly string[] = [
  ...new Set<string>([...recogniserNames, ...answererNames, ...voiceNames]),
].filter((name) => name !== builtInVoice)

/** By provider. */
type SealedKeys = Record<string, string>

export interface ChosenProviders {
  /** Null when nobody transcribes. */
  readonly recogniser: string | null
  readonly providerKeys: SealedKeys
}

/**
 * Who transcribes, and the sealed keys of every provider the run may ask. `hasModel`: whether a model of one's own is
 * installed, or the one that is named. Throws Permanent `provider_key_missing` for one that it certainly will ask,
 * `model_missing`.
 */
export function chooseProviders(
  settings: RunSettings,
  hasWords: boolean,
  keys: readonly SealedKey[],
  hasModel = false,
): ChosenProviders {
  const { transcription } = settings
  const known: readonly string[] = recogniserNames
  const newest = keys.find(({ provider }) => known.includes(provider))?.provider
  const wanted = transcription.provider ?? newest ?? (hasModel ? localRecogniser : 'none')
  const recogniser = hasWords || wanted === 'none' ? null : wanted
  if (recogniser === localRecogniser && !hasModel) throw modelMissing(transcription.model)
  const lacking = askedFor(settings, recogniser).find(
    ({ provider, isCertain }) => isCertain && !keys.some((key) => key.provider === provider),
  )
  if (lacking) throw keyMissing(lacking.provider, `${lacking.what} names`)
  return { recogniser, providerKeys: keysFor(settings, recogniser, keys) }
}

/** The keys its user has now of the providers that a run may ask. */
export function keysFor(
  settings: RunSettings,
  recogniser: string | null,
  keys: readonly SealedKey[],
): SealedKeys {
  const asked = askedFor(settings, recogniser).map(({ provider }) => provider)
  return Object.fromEntries(
    keys.filter(({ provider }) => asked.includes(provider)).map(({ provider, sealed }) => [provider, sealed]),
  )
}

interface Asked {
  readonly provider: string
  readonly what: string
  /** An answer may be spoken, if a question comes up; a script is. Nothing waits for notes. */
  readonly isCertain: boolean
}

/** Every provider outside that a run may ask. */
function askedFor(settings: RunSettings, recogniser: string | null): Asked[] {
  const { intern } = settings.cleaning
  const { notes } = settings
  const written = voicesOfScripts(settings).map(({ provider }) => provider)
  const answers = intern.enabled ? [settings.voice.provider] : []
  const asked: { provider: string | null | undefined; what: string; isCertain: boolean }[] = [
    { provider: recogniser, what: 'transcription.provider', isCertain: true },
    { provider: intern.enabled ? intern.answerer : null, what: 'cleaning.intern.answerer', isCertain: true },
    ...written.map((provider) => ({ provider, what: 'voice.provider', isCertain: true })),
    // the episode does without them
    { provider: notes.provider, what: 'notes.provider', isCertain: false },
    ...answers.map((provider) => ({ provider, what: 'voice.provider', isCertain: false })),
  ]
  const keyless: readonly string[] = [builtInVoice, localRecogniser]
  return asked.filter((one): one is Asked => one.provider != null && !keyless.includes(one.provider))
}

const modelMissing = (model: string | undefined): Permanent =>
  new Permanent(
    'model_missing',
    `transcription.provider is local, and ${model === undefined ? 'no model is installed' : `the model ${model} is not installed`}. ` +
      `Install it with: ./spool ears install${model === undefined ? '' : ` ${model}`}`,
  )

const keyMissing = (provider: string, who: string): Permanent =>
  new Permanent(
    'provider_key_missing',
    `${who} ${provider}, for which there is no key. Give it with: ./spool key ${provider}`,
  )

/**
 * The open key of a provider, to be called where the key is used and nowhere before. Throws Permanent
 * `provider_key_missing`, `bad_seal`.
 */
export function openKey(
  { sealingKey }: Pick<Config, 'sealingKey'>,
  keys: SealedKeys,
  userId: string,
  provider: string,
): string {
  const sealed = keys[provider]
  if (sealed === undefined) throw keyMissing(provider, 'This asks')
  return openSealer(sealingKey).open(sealed, keyPurpose(userId, provider))
}
