/**
 * What the bundle of one function keeps of the others: the graph wants their names and how many parts they
 * have, nothing else. Hides how a source file is cut down to that.
 */
import ts from 'typescript'

/** What the graph asks of a step that runs elsewhere. */
const kept = ['name', 'parts']
const notHere = '{ throw new Error("This function is not in this bundle.") }'

interface Cut {
  readonly from: number
  readonly to: number
  readonly instead: string
}

/** The source of a file of functions/ without what only running it needs; imports that lose their use remain. */
export function outlineOf(source: string): string {
  const file = ts.createSourceFile('function.ts', source, ts.ScriptTarget.Latest, true)
  const cuts: Cut[] = []
  const visit = (node: ts.Node): void => {
    if (isDefinition(node)) cuts.push(...cutsOf(node.arguments[0]))
    else if (ts.isFunctionDeclaration(node) && node.body && isExported(node))
      cuts.push({ from: node.body.getStart(), to: node.body.end, instead: notHere })
    else ts.forEachChild(node, visit)
  }
  visit(file)
  return cuts.reduceRight(
    (text, { from, to, instead }) => text.slice(0, from) + instead + text.slice(to),
    source,
  )
}

type Definition = ts.CallExpression & { readonly arguments: readonly [ts.ObjectLiteralExpression] }

const isDefinition = (node: ts.Node): node is Definition =>
  ts.isCallExpression(node) &&
  node.expression.getText() === 'defineStep' &&
  node.arguments[0] !== undefined &&
  ts.isObjectLiteralExpression(node.arguments[0])

const isExported = (node: ts.FunctionDeclaration): boolean =>
  node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false

/** Each property that goes, with the comma behind it. */
function cutsOf({ properties }: ts.ObjectLiteralExpression): Cut[] {
  return properties.flatMap((property, i) => {
    if (property.name && kept.includes(property.name.getText())) return []
    return [{ from: property.pos, to: properties[i + 1]?.pos ?? properties.end, instead: '' }]
  })
}
