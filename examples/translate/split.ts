/** Pairs in three parts between which no phrase is shared. */
import type { Pair } from './pairs.ts';

export type Part = 'train' | 'validation' | 'test';

/**
 * The part that a phrase belongs to: 85 % train, 5 % validation, 10 % test, decided by the phrase and the seed alone.
 *
 * FNV-1a (32 bits) over the phrase's UTF-8 bytes, its offset basis xor the seed, then MurmurHash3's 32-bit finaliser;
 * divided by 2^32, below 0.1 is test, below 0.15 validation.
 */
export function partOf(phrase: string, seed = 0): Part {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (const byte of new TextEncoder().encode(phrase)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  const position = ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
  if (position < 0.1) return 'test';
  return position < 0.15 ? 'validation' : 'train';
}

/** Pairs in their parts, in the order they came. */
export type Parts = Readonly<Record<Part, readonly Pair[]>>;

/**
 * Pairs in parts. Pairs that share a phrase of either language, directly or over others, are in one part: that of the
 * first of their source phrases in the order of code units.
 * @param phrasesOf what pairs of two parts must not share; by default their two texts
 */
export function splitPairs(
  pairs: readonly Pair[],
  seed = 0,
  phrasesOf: (pair: Pair) => Pair = (pair) => pair,
): Parts {
  const groups = new Groups();
  const phrases = pairs.map(phrasesOf);
  for (const { source, target } of phrases) groups.join(`source ${source}`, `target ${target}`);
  const firsts = new Map<string, string>();
  for (const { source } of phrases) {
    const group = groups.of(`source ${source}`);
    const first = firsts.get(group);
    if (first === undefined || source < first) firsts.set(group, source);
  }
  const parts: Record<Part, Pair[]> = { train: [], validation: [], test: [] };
  pairs.forEach((pair, i) => {
    parts[partOf(firsts.get(groups.of(`source ${phrases[i]!.source}`))!, seed)].push(pair);
  });
  return parts;
}

/** Sets that are joined, each known by one of its members (Tarjan's union-find, with path halving). */
class Groups {
  readonly #parents = new Map<string, string>();

  of(member: string): string {
    let at = member;
    for (;;) {
      const parent = this.#parents.get(at) ?? at;
      if (parent === at) return at;
      const grandparent = this.#parents.get(parent) ?? parent;
      this.#parents.set(at, grandparent);
      at = grandparent;
    }
  }

  join(one: string, other: string): void {
    this.#parents.set(this.of(other), this.of(one));
  }
}
