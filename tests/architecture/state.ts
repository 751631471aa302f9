/** Mutable state that outlives a call: none in src, so that runtimes cannot disturb each other. */
import ts from 'typescript';
import { type Files, lineOf, parse, walk } from './imports.ts';

const collections = ['Map', 'Set', 'WeakMap', 'WeakSet', 'Array'];
const mutators =
  /^(set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin)$|^(set|define)[A-Z]/;

/** Lookup tables at module level, `path name`, each with the reason why it is no state. They must never be changed. */
export type Allowed = ReadonlyMap<string, string>;

/** The variable at the root of `table`, `table.x`, `table[i].y`, `table!`. */
function rootOf(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node))
    return rootOf(node.expression);
  if (ts.isNonNullExpression(node) || ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) {
    return rootOf(node.expression);
  }
  return undefined;
}

function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

/** What a node changes, if it changes a variable or something inside it. */
function changes(node: ts.Node): string | undefined {
  if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) return rootOf(node.left);
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    const { operator } = node;
    const counts = operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken;
    return counts ? rootOf(node.operand) : undefined;
  }
  if (ts.isDeleteExpression(node)) return rootOf(node.expression);
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { expression, name } = node.expression;
    if (mutators.test(name.text)) return rootOf(expression);
    if (ts.isIdentifier(expression) && expression.text === 'Object' && name.text === 'assign') {
      return node.arguments[0] && rootOf(node.arguments[0]);
    }
  }
  return undefined;
}

/** The initial value without `as const`, `satisfies` and brackets. */
function bare(node: ts.Expression | undefined): ts.Expression | undefined {
  if (
    node &&
    (ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isParenthesizedExpression(node))
  ) {
    return bare(node.expression);
  }
  return node;
}

/** Regular expressions that keep a position between calls of `test` and `exec`. */
function isStatefulExpression(value: ts.Expression): boolean {
  if (ts.isRegularExpressionLiteral(value)) return /\/[a-z]*[gy][a-z]*$/.test(value.text);
  if (!ts.isNewExpression(value) || value.expression.getText() !== 'RegExp') return false;
  return /[gy]/.test(value.arguments?.[1]?.getText() ?? '');
}

function importedNames(source: ts.SourceFile): string[] {
  const names: string[] = [];
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) {
      walk(statement, (node) => {
        const binds = ts.isImportSpecifier(node) || ts.isNamespaceImport(node) || ts.isImportClause(node);
        if (binds && node.name) names.push(node.name.text);
      });
    }
  }
  return names;
}

/** Module-level state, one sentence each. */
export function checkState(files: Files, allowed: Allowed = new Map()): string[] {
  const problems: string[] = [];
  const unused = new Set(allowed.keys());
  for (const [path, text] of files) {
    const source = parse(path, text);
    const constants = new Set<string>(importedNames(source));
    const stateful = new Set<string>();
    for (const statement of source.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      const { declarationList } = statement;
      for (const { name, initializer } of declarationList.declarations) {
        const label = name.getText();
        const where = `${path}:${lineOf(name)}: ${label}`;
        constants.add(label);
        if (!(declarationList.flags & ts.NodeFlags.Const))
          problems.push(`${where} is a module-level variable`);
        const value = bare(initializer);
        if (value && isStatefulExpression(value)) stateful.add(label);
        if (value && ts.isNewExpression(value) && collections.includes(value.expression.getText())) {
          if (allowed.has(`${path} ${label}`)) unused.delete(`${path} ${label}`);
          else problems.push(`${where} is a module-level ${value.expression.getText()}`);
        }
      }
    }
    walk(source, (node) => {
      const changed = changes(node);
      if (changed !== undefined && constants.has(changed) && !shadowed(node, changed)) {
        problems.push(`${path}:${lineOf(node)}: changes the module-level ${changed}`);
      }
      if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
        const { expression, name } = node.expression;
        if (['test', 'exec'].includes(name.text) && stateful.has(expression.getText())) {
          problems.push(`${path}:${lineOf(node)}: ${expression.getText()} remembers where it was`);
        }
      }
      if (ts.isPropertyDeclaration(node)) {
        const kinds = node.modifiers?.map(({ kind }) => kind) ?? [];
        if (kinds.includes(ts.SyntaxKind.StaticKeyword) && !kinds.includes(ts.SyntaxKind.ReadonlyKeyword)) {
          problems.push(`${path}:${lineOf(node)}: ${node.name.getText()} is a static variable`);
        }
      }
    });
  }
  for (const label of unused) problems.push(`${label}: allowed, but not there`);
  return problems;
}

/** Whether a function around the node declares the name itself. */
function shadowed(node: ts.Node, name: string): boolean {
  for (let scope = node.parent; scope && !ts.isSourceFile(scope); scope = scope.parent) {
    let declared = false;
    if (!ts.isFunctionLike(scope)) continue;
    walk(scope, (each) => {
      const declares = ts.isVariableDeclaration(each) || ts.isParameter(each) || ts.isBindingElement(each);
      if (declares && each.name.getText() === name) declared = true;
    });
    if (declared) return true;
  }
  return false;
}
