/**
 * API routes for whoever writes settings: the schemas of the documents, what is wrong with one before it is used, and
 * the lists from which its fields choose.
 */
import { z } from '@hono/zod-openapi'
import { categoryTexts } from '../settings/categories.ts'
import { maxDocumentBytes } from '../settings/document.ts'
import { documentNames, documents } from '../settings/documents.ts'
import { letterVariableNames, variableNames } from '../settings/script.ts'
import { jsonBody, opens, reads, type App } from './routes.ts'

const named = z.object({
  document: z.enum(documentNames).openapi({ param: { name: 'document', in: 'path' } }),
})
const given = z
  .union([z.record(z.string(), z.any()), z.string().max(maxDocumentBytes)])
  .openapi({ description: 'The document, or its text.' })
const asked = z
  .strictObject({
    podcast: given.optional(),
    template: given.optional(),
    episode: given.optional(),
    mail: given.optional(),
  })
  .openapi('Documents')
const problem = z
  .object({
    document: z.enum(documentNames),
    path: z
      .array(z.union([z.string(), z.number()]))
      .readonly()
      .openapi({ description: 'Of the field; empty where the document as a whole is meant.' }),
    message: z.string(),
  })
  .openapi('DocumentProblem')

const routes = {
  schema: reads(
    '/schemas/{document}',
    'The JSON schema of a document of settings',
    { params: named },
    z.record(z.string(), z.any()),
  ),
  validate: opens(
    '/validate',
    'Everything that is wrong with documents of settings; nothing is kept of them',
    jsonBody(asked),
    z.object({ problems: z.array(problem) }),
  ),
  categories: reads(
    '/categories',
    'Apple’s categories, as a podcast’s settings have them',
    {},
    z.object({ items: z.array(z.string()).readonly() }),
  ),
  variables: reads(
    '/variables',
    'What a script may name in braces: of the episode, and of a letter that is read out',
    {},
    z.object({ episode: z.array(z.string()).readonly(), letter: z.array(z.string()).readonly() }),
  ),
}

export function addDocuments(app: App): void {
  app.openapi(routes.schema, (context) =>
    context.json({ ...documents[context.req.valid('param').document].schema() }, 200),
  )
  app.openapi(routes.validate, (context) => {
    const wanted = context.req.valid('json')
    const problems = documentNames.flatMap((document) => {
      const one = wanted[document]
      if (one === undefined) return []
      const found = documents[document].problemsOf(typeof one === 'string' ? one : JSON.stringify(one))
      return found.map(({ path, message }) => ({ document, message, path: [...path] }))
    })
    return context.json({ problems }, 200)
  })
  app.openapi(routes.categories, (context) => context.json({ items: categoryTexts }, 200))
  app.openapi(routes.variables, (context) =>
    context.json({ episode: variableNames, letter: letterVariableNames }, 200),
  )
}
