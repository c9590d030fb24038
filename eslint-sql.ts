// A lint rule: the text of a statement is written in the sources, and values reach it as bindings. It may be put together
// from constants, also of other files and by functions; whatever else is in it is a complaint.
import type { Rule } from 'eslint'
import ts from 'typescript'

/** What is being looked into already: a chain that comes back to it adds nothing. */
type Seen = ReadonlySet<ts.Node>

/** Tells of expressions whether their text stands in the sources. */
export function constantText(program: ts.Program): (expression: ts.Expression) => boolean {
  const checker = program.getTypeChecker()

  const symbolOf = (name: ts.Expression): ts.Symbol | undefined => {
    const symbol = checker.getSymbolAtLocation(name)
    const isAlias = symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0
    return isAlias ? checker.getAliasedSymbol(symbol) : symbol
  }

  /** A number, or one of a few words: no text of anybody's. */
  const isHarmless = (expression: ts.Expression): boolean => {
    const type = checker.getTypeAtLocation(expression)
    const types = type.isUnion() ? type.types : [type]
    return types.every((one) => one.isStringLiteral() || (one.flags & ts.TypeFlags.NumberLike) !== 0)
  }

  const isConstant = (expression: ts.Expression, seen: Seen): boolean => {
    if (seen.has(expression)) return true
    const within = new Set([...seen, expression])
    const parts = partsOf(expression)
    if (parts) return parts.every((part) => isConstant(part, within))
    if (isHarmless(expression)) return true
    if (ts.isIdentifier(expression)) return isConstantName(expression, within)
    if (ts.isCallExpression(expression)) return isConstantCall(expression, within)
    return false
  }

  const isConstantName = (name: ts.Identifier, seen: Seen): boolean => {
    const declaration = symbolOf(name)?.valueDeclaration
    if (!declaration) return false
    if (ts.isParameter(declaration)) return isAlwaysGivenConstants(declaration, seen)
    if (!ts.isVariableDeclaration(declaration) || !declaration.initializer) return false
    const isFixed = (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0
    return isFixed && isConstant(declaration.initializer, seen)
  }

  /** What it returns is put together from constants and from what it is given, here and wherever else it is called. */
  const isConstantCall = ({ expression, arguments: given }: ts.CallExpression, seen: Seen): boolean => {
    const body = functionOf(symbolOf(expression))?.body
    if (!body || ts.isBlock(body)) return false
    return given.every((each) => isConstant(each, seen)) && isConstant(body, seen)
  }

  const isAlwaysGivenConstants = (parameter: ts.ParameterDeclaration, seen: Seen): boolean => {
    const place = parameter.parent.parameters.indexOf(parameter)
    const calls = callsOf(parameter.parent)
    return (
      calls.length > 0 &&
      calls.every(({ arguments: given }) => {
        const value = given[place] ?? parameter.initializer
        return value !== undefined && isConstant(value, seen)
      })
    )
  }

  const callsOf = (called: ts.Node): ts.CallExpression[] => {
    const found: ts.CallExpression[] = []
    const name = nameOf(called)
    const visit = (node: ts.Node): void => {
      const isCall = ts.isCallExpression(node) && lastName(node.expression) === name // to look it up takes long
      if (isCall && functionOf(symbolOf(node.expression)) === called) found.push(node)
      ts.forEachChild(node, visit)
    }
    for (const file of program.getSourceFiles()) if (!file.fileName.includes('/node_modules/')) visit(file)
    return found
  }

  return (expression) => isConstant(expression, new Set())
}

/** What the text of an expression is put together from; undefined where that is to be looked up. */
function partsOf(expression: ts.Expression): ts.Expression[] | undefined {
  if (ts.isStringLiteralLike(expression)) return []
  if (ts.isTemplateExpression(expression)) return expression.templateSpans.map((span) => span.expression)
  if (ts.isParenthesizedExpression(expression) || ts.isAsExpression(expression))
    return [expression.expression]
  if (ts.isConditionalExpression(expression)) return [expression.whenTrue, expression.whenFalse]
  const isSum = ts.isBinaryExpression(expression) && expression.operatorToken.kind === ts.SyntaxKind.PlusToken
  return isSum ? [expression.left, expression.right] : undefined
}

/** The function that a name stands for. */
function functionOf(symbol: ts.Symbol | undefined): ts.ArrowFunction | ts.FunctionDeclaration | undefined {
  const declaration = symbol?.valueDeclaration
  if (!declaration) return undefined
  if (ts.isFunctionDeclaration(declaration)) return declaration
  const value = ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined
  return value && ts.isArrowFunction(value) ? value : undefined
}

/** Of a function, by whichever of the two ways it has one. */
function nameOf(called: ts.Node): string | undefined {
  const { name } = (ts.isFunctionDeclaration(called) ? called : called.parent) as { name?: ts.Node }
  return name && ts.isIdentifier(name) ? name.text : undefined
}

const lastName = (called: ts.Expression): string | undefined => {
  if (ts.isIdentifier(called)) return called.text
  return ts.isPropertyAccessExpression(called) ? called.name.text : undefined
}

/** Which argument is the statement: of the client's `raw`, and of our `rows`. */
function statementOf(program: ts.Program, call: ts.CallExpression): ts.Expression | undefined {
  const name = lastName(call.expression)
  if (name !== 'raw' && name !== 'rows') return undefined
  const declared = program.getTypeChecker().getResolvedSignature(call)?.declaration
  const file = declared?.getSourceFile().fileName ?? ''
  if (name === 'raw' && file.includes('/knex/')) return call.arguments[0]
  if (name === 'rows' && file.endsWith('/shared/db/connect.ts')) return call.arguments[1]
  return undefined
}

const complaint =
  'A statement is written as it stands, and values are bound to it (:name). What is put into its text is a constant of ' +
  'the sources, a number or one of a few words.'

/** What the parser says of types. */
interface Typed {
  readonly program: ts.Program
  readonly esTreeNodeToTSNodeMap: { readonly get: (node: Rule.Node) => ts.Node }
}

const noComposedStatement: Rule.RuleModule = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const { program, esTreeNodeToTSNodeMap: nodes } = context.sourceCode.parserServices as Typed
    const isConstant = constantText(program)
    return {
      CallExpression(node) {
        const call = nodes.get(node) as ts.CallExpression
        const statement = statementOf(program, call)
        if (statement && !isConstant(statement)) context.report({ node, message: complaint })
      },
    }
  },
}

export default { rules: { 'no-composed-statement': noComposedStatement } }
