/** Words that differ by an ending: "cat", "cats" and "cat's" may lie in different parts of the dictionary. */

/** Endings of inflections and of the commonest derivations, longest first. */
const ENDINGS = ['ings', "'s", "s'", 'ers', 'ing', 'ed', 'er', 'es', 'ly', 'd', 's', "'"];
/** A shorter stem says little. */
const SHORTEST_STEM = 3;

/** The word, and what is left of it without one ending or a silent e. */
function stemsOf(word: string): string[] {
  const bare = ENDINGS.filter((ending) => word.endsWith(ending)).map((ending) =>
    word.slice(0, -ending.length),
  );
  const stems = [word, ...bare];
  return stems
    .flatMap((stem) => (stem.endsWith('e') ? [stem, stem.slice(0, -1)] : [stem]))
    .filter((stem) => stem.length >= SHORTEST_STEM);
}

/**
 * Whether one of `words` shares a stem with the word: more often than a dictionary of relatives would say so ("corn" and
 * "corner"), so that the words of which it does not hold are new indeed.
 */
export function relatedTo(words: Iterable<string>): (word: string) => boolean {
  const known = new Set<string>();
  for (const word of words) for (const stem of stemsOf(word)) known.add(stem);
  return (word) => stemsOf(word).some((stem) => known.has(stem));
}
