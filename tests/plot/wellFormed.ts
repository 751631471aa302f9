/**
 * Reads a document as XML 1.0 without a DTD and says what is wrong with it, or nothing. It knows elements,
 * attributes, character data, comments-free content and the five predefined entities: all that heed writes.
 */
export function xmlProblem(text: string): string | undefined {
  const document = text.replace(/^<!DOCTYPE html>\n/, '');
  const forbidden = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.exec(document);
  if (forbidden)
    return `forbidden character U+${forbidden[0].codePointAt(0)?.toString(16)} at ${forbidden.index}`;
  const token =
    /<(\/?)([A-Za-z][\w.-]*)((?:\s+[A-Za-z_:][\w:.-]*="(?:[^<&"]|&(?:amp|lt|gt|quot|#39);)*")*)\s*(\/?)>|((?:[^<&]|&(?:amp|lt|gt|quot|#39);)+)/uy;
  const open: string[] = [];
  let roots = 0;
  while (token.lastIndex < document.length) {
    const start = token.lastIndex;
    const match = token.exec(document);
    if (!match) return `not XML at ${start}: ${document.slice(start, start + 60)}`;
    const [, closing, name, attributes = '', empty, content] = match;
    if (content !== undefined) {
      if (content.includes(']]>')) return `"]]>" in text at ${start}`;
      if (open.length === 0 && content.trim() !== '') return `text outside the root at ${start}`;
    } else if (closing) {
      if (open.pop() !== name) return `unexpected </${name}> at ${start}`;
    } else {
      const names = Array.from(attributes.matchAll(/\s([\w:.-]+)="/g), ([, attribute]) => attribute);
      if (new Set(names).size !== names.length) return `repeated attribute in <${name}> at ${start}`;
      if (open.length === 0) roots++;
      if (!empty) open.push(name!);
    }
  }
  if (open.length > 0) return `<${open.at(-1)}> is not closed`;
  return roots === 1 ? undefined : `${roots} root elements`;
}
