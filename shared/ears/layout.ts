/**
 * Tells from the names of its files what kind of model lies in a folder, and which of them the recogniser is given. Hides
 * how the releases name them, and that many hold the same weights twice.
 */

/** Roles of files, by kind, as the recogniser asks for them. */
export type Layout =
  | { readonly kind: 'transducer'; readonly files: Files<'encoder' | 'decoder' | 'joiner' | 'tokens'> }
  | { readonly kind: 'whisper'; readonly files: Files<'encoder' | 'decoder' | 'tokens'> }
  | { readonly kind: 'nemo-ctc'; readonly files: Files<'model' | 'tokens'> }

type Files<Role extends string> = Readonly<Record<Role, string>>

/** What a folder must hold, for whoever has one that does not. */
export const layoutsInWords =
  'tokens.txt beside model.onnx (NeMo CTC), or beside encoder, decoder and joiner (transducer); or NAME-tokens.txt beside ' +
  'NAME-encoder.onnx and NAME-decoder.onnx (Whisper)'

/** Undefined where the names are those of no model. */
export function layoutOf(names: readonly string[]): Layout | undefined {
  const tokens = names.find((name) => /(^|-)tokens\.txt$/.test(name))
  if (tokens === undefined) return undefined
  const [encoder, decoder, joiner, model] = ['encoder', 'decoder', 'joiner', 'model'].map((role) =>
    weightsOf(names, role),
  )
  if (encoder && decoder && joiner) return { kind: 'transducer', files: { encoder, decoder, joiner, tokens } }
  if (encoder && decoder) return { kind: 'whisper', files: { encoder, decoder, tokens } }
  return model ? { kind: 'nemo-ctc', files: { model, tokens } } : undefined
}

/** Those with 8-bit weights, where there are two: half the memory, and the words are hardly other ones. */
function weightsOf(names: readonly string[], role: string): string | undefined {
  const own = names.filter((name) => new RegExp(`(^|-)${role}\\b.*\\.onnx$`).test(name)).sort()
  return own.find((name) => name.endsWith('.int8.onnx')) ?? own[0]
}
