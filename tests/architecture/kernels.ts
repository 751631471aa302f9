/** What kernels must not contain, and what each must say about itself. */
import ts from 'typescript';
import { type Files, lineOf, parse, walk } from './imports.ts';

const RELAXED_FILE = 'assembly/simd/vec.ts';

/** `@external(...)`: the name of what the binary imports, which takes no memory. */
function isExternal(node: ts.Node): boolean {
  return (
    ts.isCallExpression(node) &&
    ts.isDecorator(node.parent) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'external'
  );
}

function isImport(node: ts.Node): boolean {
  return ts.isImportDeclaration(node) || ts.isExportDeclaration(node);
}

/** `memory.data<f32>([1, 2])`: constants in the binary, not an allocation. */
function isTableOfConstants({ parent }: ts.Node): boolean {
  return ts.isCallExpression(parent) && parent.expression.getText() === 'memory.data';
}

function forbidden(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node)) return 'allocates with `new`';
  if (ts.isObjectLiteralExpression(node)) return 'allocates a literal';
  if (ts.isArrayLiteralExpression(node) && !isTableOfConstants(node)) return 'allocates a literal';
  if (ts.isThrowStatement(node)) return 'throws';
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    if (['assert', 'abort', 'unreachable', 'trace'].includes(node.expression.text)) {
      return `calls ${node.expression.text}`;
    }
  }
  if (ts.isStringLiteral(node) && !isImport(node.parent) && !isExternal(node.parent))
    return `has the string ${node.getText()}`;
  if (ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node))
    return 'has a template string';
  if (ts.isVariableStatement(node) && ts.isSourceFile(node.parent)) {
    if (!(node.declarationList.flags & ts.NodeFlags.Const)) return 'has a module-level variable';
  }
  return undefined;
}

/** What a kernel file contains that it must not, one sentence each. */
export function checkKernels(files: Files): string[] {
  const problems: string[] = [];
  for (const [path, text] of files) {
    walk(parse(path, text), (node) => {
      const problem = forbidden(node);
      if (problem) problems.push(`${path}:${lineOf(node)}: ${problem}`);
      if (path !== RELAXED_FILE && ts.isIdentifier(node) && node.text.includes('relaxed_')) {
        problems.push(`${path}:${lineOf(node)}: names ${node.text}: only ${RELAXED_FILE} does`);
      }
    });
  }
  return problems;
}

/** The text of the doc comment directly over a node, or an empty string. */
function docOf(node: ts.Node, text: string): string {
  const ranges = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
  const doc = ranges
    .map(({ pos, end }) => text.slice(pos, end))
    .filter((each) => each.startsWith('/**'))
    .at(-1);
  return (doc ?? '').replace(/^\/\*\*|\*\/$|^\s*\* ?/gm, '').trim();
}

/** Exported kernels without a comment that says what they compute: a formula, or a sentence of at least three words. */
export function checkKernelDocs(files: Files): string[] {
  const problems: string[] = [];
  for (const [path, text] of files) {
    for (const node of parse(path, text).statements) {
      if (!ts.isFunctionDeclaration(node)) continue;
      if (!node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
      const doc = docOf(node, text);
      const says = /\S \+?= \S/.test(doc) || (doc.match(/\p{L}{2,}/gu)?.length ?? 0) >= 3;
      if (!says) problems.push(`${path}: ${node.name?.text} does not say over it what it computes`);
    }
  }
  return problems;
}
