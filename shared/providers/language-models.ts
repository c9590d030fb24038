/**
 * Asks a language model for a text, which may have to be JSON of a certain shape. Hides the wire formats of two vendors, and of
 * whoever speaks as OpenAI does. Source: OpenAI's API reference ("Create chat completion"), Google's Gemini API reference
 * ("generateContent").
 */
import { z } from 'zod'
import type { answererNames } from '../settings/cleaning.ts'
import { callVendor, jsonBody, readJson, refuse, type Access, type Vendor } from './vendor.ts'
import { VendorError } from './vendor-failure.ts'
import { gemini, openai } from './vendors.ts'

export type ModelName = (typeof answererNames)[number]
export type ModelAccess = Access & { readonly model?: string | undefined }

/** JSON schema in the words that both vendors know; every property is required, and there are no others. */
export type AnswerShape =
  | { readonly type: 'string' | 'integer'; readonly description?: string }
  | { readonly type: 'array'; readonly items: AnswerShape; readonly description?: string }
  | { readonly type: 'object'; readonly properties: Readonly<Record<string, AnswerShape>> }

export interface Prompt {
  readonly system: string
  readonly user: string
  readonly temperature: number
  readonly mostTokens: number
  readonly timeoutMs: number
  /** The answer is JSON of this shape, as far as the model keeps to it. */
  readonly shape?: { readonly name: string; readonly of: AnswerShape }
}

export interface Completed {
  /** As the model wrote it; empty when it wrote nothing. */
  readonly text: string
  /** Why it ended, in the vendor's words. */
  readonly reason: string | null
  /** It had more to say. */
  readonly isCutOff: boolean
}

export interface LanguageModel {
  readonly vendor: Vendor
  /**
   * Throws VendorError (a model that would not answer is `provider_rejected`); the signal's reason when it aborts.
   */
  readonly complete: (prompt: Prompt, signal: AbortSignal) => Promise<Completed>
}

/** Small ones that take a temperature and do not think long. */
const usualModels = { openai: 'gpt-5.4-mini', gemini: 'gemini-flash-lite-latest' } as const

/**
 * `baseUrl` as the vendors' own clients have it: OpenAI's ends in its version (`…/v1`), Gemini's does not.
 */
export const openModel = (name: ModelName, access: ModelAccess): LanguageModel =>
  name === 'openai' ? openChat(access) : openGemini(access)

const completion = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
      }),
    )
    .min(1),
})

function openChat(access: ModelAccess): LanguageModel {
  const vendor = openai(access)
  const ask = (prompt: Prompt, warmth: { temperature?: number }, signal: AbortSignal) =>
    callVendor(
      vendor,
      {
        method: 'POST',
        path: '/chat/completions',
        body: jsonBody({
          model: access.model ?? usualModels.openai,
          messages: [
            { role: 'system', content: prompt.system },
            { role: 'user', content: prompt.user },
          ],
          max_completion_tokens: prompt.mostTokens,
          ...warmth,
          ...(prompt.shape ? { response_format: chatFormat(prompt.shape) } : {}),
        }),
        read: readJson(completion),
        paid: true,
        timeoutMs: prompt.timeoutMs,
      },
      signal,
    )
  const complete = async (prompt: Prompt, signal: AbortSignal): Promise<Completed> => {
    const { temperature } = prompt
    const { choices } = await ask(prompt, { temperature }, signal).catch((error: unknown) => {
      const fixed =
        error instanceof VendorError && error.kind === 'refused' && error.vendorCodes.includes('temperature')
      if (!fixed) throw error
      // reasoning models have a temperature of their own; nothing was charged
      return ask(prompt, {}, signal)
    })
    const { message, finish_reason: reason = null } = choices[0]!
    if (message.refusal != null) throw refuse(vendor, `would not answer: ${message.refusal}`)
    return { text: message.content ?? '', reason, isCutOff: reason === 'length' }
  }
  return { vendor, complete }
}

const chatFormat = ({ name, of }: NonNullable<Prompt['shape']>) => ({
  type: 'json_schema',
  json_schema: { name, strict: true, schema: strictSchema(of) },
})

function strictSchema(shape: AnswerShape): object {
  if (shape.type === 'array') return { ...shape, items: strictSchema(shape.items) }
  if (shape.type !== 'object') return shape
  const properties = Object.entries(shape.properties).map(([key, of]) => [key, strictSchema(of)])
  return {
    type: 'object',
    properties: Object.fromEntries(properties) as object,
    required: Object.keys(shape.properties),
    additionalProperties: false,
  }
}

const generated = z.object({
  candidates: z
    .array(
      z.object({
        finishReason: z.string().nullish(),
        content: z
          .object({
            parts: z
              .array(z.object({ text: z.string().nullish(), thought: z.boolean().nullish() }))
              .nullish(),
          })
          .nullish(),
      }),
    )
    .nullish(),
  promptFeedback: z.object({ blockReason: z.string().nullish() }).nullish(),
})

function openGemini(access: ModelAccess): LanguageModel {
  const vendor = gemini(access)
  const complete = async (prompt: Prompt, signal: AbortSignal): Promise<Completed> => {
    const format = prompt.shape
      ? { responseMimeType: 'application/json', responseSchema: openApiSchema(prompt.shape.of) }
      : {}
    const body = jsonBody({
      systemInstruction: { parts: [{ text: prompt.system }] },
      contents: [{ role: 'user', parts: [{ text: prompt.user }] }],
      generationConfig: { temperature: prompt.temperature, maxOutputTokens: prompt.mostTokens, ...format },
    })
    const path = `/v1beta/models/${encodeURIComponent(access.model ?? usualModels.gemini)}:generateContent`
    const { candidates, promptFeedback } = await callVendor(
      vendor,
      { method: 'POST', path, body, read: readJson(generated), paid: true, timeoutMs: prompt.timeoutMs },
      signal,
    )
    if (promptFeedback?.blockReason != null)
      throw refuse(vendor, `would not answer: ${promptFeedback.blockReason}`)
    const parts = candidates?.[0]?.content?.parts ?? []
    const said = parts.filter(({ thought }) => thought !== true).map(({ text }) => text ?? '')
    const reason = candidates?.[0]?.finishReason ?? null
    return { text: said.join(''), reason, isCutOff: reason === 'MAX_TOKENS' }
  }
  return { vendor, complete }
}

/** Gemini's part of OpenAPI: an object says what is required, and knows no `additionalProperties`. */
function openApiSchema(shape: AnswerShape): object {
  if (shape.type === 'array') return { ...shape, items: openApiSchema(shape.items) }
  if (shape.type !== 'object') return shape
  const properties = Object.entries(shape.properties).map(([key, of]) => [key, openApiSchema(of)])
  const names = Object.keys(shape.properties)
  return {
    type: 'object',
    properties: Object.fromEntries(properties) as object,
    required: names,
    propertyOrdering: names,
  }
}
