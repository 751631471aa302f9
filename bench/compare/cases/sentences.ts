/** Sentences as people write them: the prose of this repository's experiments. */
import { readFileSync } from 'node:fs';

const page = new URL('../../../docs/experiments.md', import.meta.url);

/** The page's first sentences, without its tables, pictures, headings and code. */
export function readSentences(count: number): readonly string[] {
  const prose = readFileSync(page, 'utf8')
    .replace(/^```[\s\S]*?^```/gm, '')
    .split(/\n{2,}/)
    .filter((paragraph) => /^[A-Za-z]/.test(paragraph))
    .map((paragraph) =>
      paragraph
        .replaceAll(/[`*\n]+/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    );
  const sentences = prose.flatMap((paragraph) => paragraph.split(/(?<=[.!?:]) (?=[A-Z])/));
  if (sentences.length < count) {
    throw new RangeError(`docs/experiments.md has ${sentences.length} sentences, ${count} are needed`);
  }
  return sentences.slice(0, count);
}
