/** Sentences as vectors, from text: a whole embedder of MiniLM's shape, called as users call it. */
import type { Case, Contender } from '../case.ts';
import { heedEmbedder } from '../engines/heed.ts';
import { transformersJs } from '../engines/transformersJs.ts';
import { EPSILON } from '../tolerance.ts';
import { folders, NAME, writeEmbedder } from './embeddingFolder.ts';
import { D, INNER, LAYERS, S } from './encoderProblem.ts';
import { readSentences } from './sentences.ts';

const SENTENCES = 48;

/**
 * Sentences of any lengths, given to transformers.js in one call, which fills them up to the longest, and one by one; a
 * single sentence; and texts of one length, where nobody fills anything up.
 */
export function embeddingCases(): Case[] {
  const sentences = readSentences(SENTENCES);
  const words = sentences
    .join(' ')
    .toLowerCase()
    .match(/[a-z]+/g)!;
  const long = Array.from({ length: 8 }, (_, i) => words.slice(i * (S - 2), (i + 1) * (S - 2)).join(' '));
  const [short] = sentences as readonly [string];
  return [
    embeddingCase(`embed MiniLM ${SENTENCES} sentences`, sentences),
    embeddingCase(`embed MiniLM ${SENTENCES} sentences, peer one by one`, sentences, { oneByOne: true }),
    embeddingCase('embed MiniLM 1 sentence', [short]),
    embeddingCase(`embed MiniLM 8 texts of ${S} tokens`, long),
  ];
}

function embeddingCase(name: string, texts: readonly string[], peer = { oneByOne: false }): Case {
  const folder = { folders, model: NAME };
  return {
    name,
    roof: 'none',
    // As for the encoder alone, whose values are about 1; vectors of length 1 have values of about 1 / sqrt(D).
    tolerance: (2 * LAYERS * (INNER + 4 * D + S) * EPSILON) / Math.sqrt(D),
    heed: writing(heedEmbedder(`${folders}${NAME}`, texts)),
    peers: [transformersJs(folder, texts, peer)],
  };
}

/** heed is prepared first: it writes the folder, once in a process. */
function writing(contender: Contender): Contender {
  return {
    ...contender,
    prepare() {
      if (!written) writeEmbedder(readSentences(SENTENCES));
      written = true;
      return contender.prepare();
    },
  };
}

let written = false;
