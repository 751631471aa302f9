import type { AttentionGrid } from '../map/grid.ts';

/** The titles of both sides, or an empty text. */
export function axesOfLines({ rowsTitle, columnsTitle }: AttentionGrid): string {
  return [columnsTitle && `above: ${columnsTitle}`, rowsTitle && `below: ${rowsTitle}`]
    .filter(Boolean)
    .join(' · ');
}

/** What the lines are, for those who do not see them. */
export function describeLines(
  { title, rows, columns }: AttentionGrid,
  drawn: (text: string) => string,
): string {
  return `attention lines${title ? `: ${drawn(title)}` : ''}, from ${columns.length} above to ${rows.length} below`;
}
