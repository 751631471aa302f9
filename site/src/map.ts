/** An attention map in the page: heed/plot's drawing, and the same weights as a table for those who do not see it. */
import { attentionMap } from 'heed/plot';
import { element } from './elements.ts';

export interface Weights {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** [rows, columns], flat in row-major order or nested. */
  readonly weights: Float32Array | readonly Float32Array[];
  readonly rowsTitle: string;
  readonly columnsTitle: string;
}

/** Sides of a cell, in pixels: from 24 on, cells show their values when pointed at. */
const SMALLEST = 24;
const LARGEST = 52;
/** Width that a drawing takes beside its cells: margins and row labels of four characters, in pixels. */
const BESIDE = 76;

/** Where a map is drawn again and again, as large as there is room. */
export class MapView {
  readonly #scroll = element('div', { className: 'scroll', tabIndex: 0, role: 'region' });
  readonly #table = element('div', { className: 'scroll', tabIndex: 0, role: 'region' });
  readonly #details = element('details', {}, element('summary', {}, 'Weights as a table'), this.#table);
  readonly #parent: HTMLElement;
  #shown: Weights | undefined;
  /** Of the place, as it was last told: to ask for it would lay out the page once more. */
  #width = 0;

  /** @param name what the map is of, for those who do not see it */
  constructor(parent: HTMLElement, name: string) {
    this.#parent = parent;
    this.#scroll.ariaLabel = name;
    this.#table.ariaLabel = `${name}, as a table`;
    this.#details.addEventListener('toggle', () => this.#fillTable());
    parent.append(this.#scroll, this.#details);
    parent.hidden = true;
    new ResizeObserver(([entry]) => {
      const { width } = entry!.contentRect;
      if (width === this.#width) return;
      this.#width = width;
      this.#draw();
    }).observe(parent);
  }

  show(weights: Weights): void {
    this.#shown = weights;
    this.#parent.hidden = false;
    this.#draw();
    this.#fillTable();
  }

  #draw(): void {
    if (!this.#shown || this.#width === 0) return;
    const room = (this.#width - BESIDE) / this.#shown.columns.length;
    const cellSize = Math.max(SMALLEST, Math.min(LARGEST, Math.floor(room)));
    this.#scroll.replaceChildren(drawing(attentionMap(this.#shown).toSVG({ cellSize })));
  }

  /** Only where it is looked at: it has a cell for each weight. */
  #fillTable(): void {
    if (this.#details.open && this.#shown) this.#table.replaceChildren(tableOf(this.#shown));
  }
}

/** The page's policy forbids styles in the document; its own style sheet has the rules for plots. */
function drawing(svg: string): Node {
  const unstyled = svg.replace(/<style>[^<]*<\/style>/, '');
  const { documentElement } = new DOMParser().parseFromString(unstyled, 'image/svg+xml');
  return document.importNode(documentElement, true);
}

function tableOf({ rows, columns, weights, rowsTitle, columnsTitle }: Weights): HTMLElement {
  const heading = (scope: 'row' | 'col', text: string): HTMLElement => element('th', { scope }, text);
  const value = (row: number, column: number): number => {
    const nested = weights[row];
    return typeof nested === 'object' ? nested[column]! : (weights[row * columns.length + column] as number);
  };
  const body = rows.map((row, i) =>
    element(
      'tr',
      {},
      heading('row', row),
      ...columns.map((_, j) => element('td', {}, value(i, j).toFixed(2))),
    ),
  );
  return element(
    'table',
    {},
    element('caption', {}, `${rowsTitle} by ${columnsTitle}`),
    element(
      'thead',
      {},
      element('tr', {}, element('td'), ...columns.map((column) => heading('col', column))),
    ),
    element('tbody', {}, ...body),
  );
}
