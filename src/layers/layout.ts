/** Where a checkpoint of another library keeps what heed's layers ask for. */

/** Rows of a parameter: a stored tensor [rows, ...], or with `transposed` one [columns, rows]. */
export interface StoredRows {
  readonly name: string;
  readonly transposed: boolean;
}

/** A stored tensor's name, or that of one whose transpose is wanted (GPT-2's Conv1D). */
export type Stored = string | { readonly transposed: string };

/**
 * For a parameter the stored tensor it is, or several that lie under one another in it. A `*` stands for a number, the
 * same in both. What has no entry is stored under its own name.
 */
export type Layout = Readonly<Record<string, Stored | readonly Stored[]>>;

/** The layout with names as they are in a file whose names begin with `prefix`. */
export function storedRows(layout: Layout, name: string): readonly StoredRows[] {
  const numbers: string[] = [];
  const pattern = name.replace(/(?<=^|\.)\d+(?=\.|$)/g, (number) => {
    numbers.push(number);
    return '*';
  });
  const entry = layout[pattern] ?? name;
  const filled = (stored: string): string => {
    let next = 0;
    return stored.replace(/\*/g, () => numbers[next++]!);
  };
  return (Array.isArray(entry) ? (entry as readonly Stored[]) : [entry as Stored]).map((stored) =>
    typeof stored === 'string'
      ? { name: filled(stored), transposed: false }
      : { name: filled(stored.transposed), transposed: true },
  );
}
