/** The vendors: the name a producer knows each by, and the header in which it expects its key. */
import type { Access, Vendor } from './vendor.ts'

const vendor =
  (title: string, keyHeaders: Vendor['keyHeaders']) =>
  ({ baseUrl, apiKey }: Access): Vendor => ({ title, baseUrl, apiKey, keyHeaders })

// the key alone, without "Bearer"
export const assemblyai = vendor('AssemblyAI', (key) => ({ authorization: key }))
export const deepgram = vendor('Deepgram', (key) => ({ authorization: `Token ${key}` }))
export const elevenlabs = vendor('ElevenLabs', (key) => ({ 'xi-api-key': key }))
export const gemini = vendor('Gemini', (key) => ({ 'x-goog-api-key': key }))
export const openai = vendor('OpenAI', (key) => ({ authorization: `Bearer ${key}` }))
