/** Where labels and points go so that they do not stand on each other. */

/**
 * The wanted places moved apart to at least `gap`, in their order, within [from, to] as far as there is room; each as near
 * to what it wants as its neighbours let it.
 */
export function spread(wanted: readonly number[], gap: number, from: number, to: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b);
  // Blocks of labels that touch, each at the mean of what its labels want (pool adjacent violators).
  const blocks: { members: number[]; start: number }[] = [];
  const place = (members: number[]): { members: number[]; start: number } => {
    const mean = members.reduce((sum, i, at) => sum + wanted[i]! - at * gap, 0) / members.length;
    return { members, start: Math.max(from, Math.min(mean, to - (members.length - 1) * gap)) };
  };
  for (const i of order) {
    let block = place([i]);
    for (let last = blocks.at(-1); last && last.start + last.members.length * gap > block.start; ) {
      blocks.pop();
      block = place([...last.members, ...block.members]);
      last = blocks.at(-1);
    }
    blocks.push(block);
  }
  const places = new Array<number>(wanted.length);
  for (const { members, start } of blocks)
    members.forEach((i, at) => {
      places[i] = start + at * gap;
    });
  return places;
}

/**
 * Of rising places, the indices of those that stand at least `gap` from the one before, and of the last. The first is
 * that which stands `from` after the first place.
 */
export function thinned(places: readonly number[], gap: number, from = 0): number[] {
  const kept: number[] = [];
  places.forEach((place, i) => {
    const previous = kept.at(-1);
    if (place - places[previous ?? 0]! >= (previous === undefined ? from : gap)) kept.push(i);
  });
  const last = places.length - 1;
  if (last >= 0 && kept.at(-1) !== last) {
    // The last is where the label is: one that stands too near it goes, unless it is the only one.
    if (kept.length > 1 && places[last]! - places[kept.at(-1)!]! < gap) kept.pop();
    kept.push(last);
  }
  return kept;
}
