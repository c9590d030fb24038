/** The user's providers in a run: who is asked for what, with which key. Hides that keys travel sealed and are opened only where they are used. */
import type { Config } from '../config.ts'
import type { SealedKey } from '../db/provider-keys.ts'
import { Permanent } from '../errors.ts'
import { keyPurpose, openSealer } from './seal.ts'
import { recogniserNames, voicesOf, type RunSettings } from '../settings/settings.ts'

export interface ChosenProviders {
  /** Null when nobody transcribes. */
  readonly recogniser: string | null
  /** Sealed keys by provider, as JSON. */
  readonly providerKeys: string
}

/** Who transcribes, and the sealed keys of every provider the run may ask. Throws Permanent `provider_key_missing`. */
export function chooseProviders(
  settings: RunSettings,
  hasWords: boolean,
  keys: readonly SealedKey[],
): ChosenProviders {
  const { transcription, cleaning } = settings
  const known: readonly string[] = recogniserNames
  const wanted =
    transcription.provider ?? keys.find(({ provider }) => known.includes(provider))?.provider ?? 'none'
  const recogniser = hasWords || wanted === 'none' ? null : wanted
  const asked = [
    { provider: recogniser, what: 'transcription.provider' },
    { provider: cleaning.intern.answerer, what: 'cleaning.intern.answerer' },
    ...voicesOf(settings).map(({ provider }) => ({
      provider: provider === 'flite' ? null : provider,
      what: 'voice.provider',
    })),
  ]
  const sealed: Record<string, string> = {}
  for (const { provider, what } of asked) {
    if (provider == null) continue
    const key = keys.find((one) => one.provider === provider)
    if (!key)
      throw new Permanent(
        'provider_key_missing',
        `${what} names ${provider}, for which there is no key. Give it with: spool key ${provider}`,
      )
    sealed[provider] = key.sealed
  }
  return { recogniser, providerKeys: JSON.stringify(sealed) }
}

/** The same providers with the keys their user has now; one whose key was taken back has none. */
export function newestKeys(providerKeys: string, keys: readonly SealedKey[]): string {
  const asked = Object.keys(JSON.parse(providerKeys) as Record<string, string>)
  return JSON.stringify(
    Object.fromEntries(
      keys
        .filter(({ provider }) => asked.includes(provider))
        .map(({ provider, sealed }) => [provider, sealed]),
    ),
  )
}

/** The open key of a provider; empty for one that needs none. To be called where the key is used, and nowhere before. */
export function openKey(
  { sealingKey }: Pick<Config, 'sealingKey'>,
  providerKeys: string,
  userId: string,
  provider: string,
): string {
  const sealed = (JSON.parse(providerKeys) as Record<string, string>)[provider]
  return sealed === undefined ? '' : openSealer(sealingKey).open(sealed, keyPurpose(userId, provider))
}
