/** What TypeScript and AssemblyScript files import, and the cycles among them. Type imports count like any other. */
import { posix } from 'node:path';
import ts from 'typescript';

/** Files by path from the repository's root, with forward slashes. */
export type Files = ReadonlyMap<string, string>;

export interface Import {
  /** What stands between the quotes; undefined where it is computed. */
  readonly specifier: string | undefined;
  readonly line: number;
  /** Whether it passes names on: `export ... from`. */
  readonly reexport: boolean;
}

export function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
}

export function lineOf(node: ts.Node): number {
  const file = node.getSourceFile();
  return file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
}

/** Visits a node and everything below it. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** All imports of a file: static, dynamic, of types, `export ... from`, `import x = require()` and `require()`. */
export function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node, target: ts.Node | undefined, reexport = false): void => {
    const specifier = target && ts.isStringLiteralLike(target) ? target.text : undefined;
    found.push({ specifier, line: lineOf(node), reexport });
  };
  walk(parse(path, text), (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node, node.moduleSpecifier, true);
    else if (ts.isExternalModuleReference(node)) add(node, node.expression);
    else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined);
    } else if (ts.isCallExpression(node)) {
      const { expression } = node;
      const required = ts.isIdentifier(expression) && expression.text === 'require';
      if (expression.kind === ts.SyntaxKind.ImportKeyword || required) add(node, node.arguments[0]);
    }
  });
  return found;
}

/** The path that a relative specifier leads to; AssemblyScript leaves the extension out. */
export function resolveImport(from: string, specifier: string): string {
  const path = posix.join(posix.dirname(from), specifier);
  return from.startsWith('assembly/') ? `${path}.ts` : path;
}

/** Cycles among the files, each as the path around it: `a.ts -> b.ts -> a.ts`. One for each import that closes one. */
export function cycles(files: Files): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      found.push([...path.slice(at), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const { specifier } of importsOf(file, files.get(file)!)) {
      if (!specifier?.startsWith('.')) continue;
      const target = resolveImport(file, specifier);
      if (files.has(target)) visit(target);
    }
    path.pop();
    done.add(file);
  };
  for (const file of files.keys()) visit(file);
  return found;
}
