/** A safetensors file of the user's: what it holds, and, where it is a pronouncer, its use. */
import { byId, element } from '../elements.ts';
import type { Inspection } from '../engine/inspection.ts';
import { bytesText } from '../units.ts';

interface FilePanelOptions {
  readonly inspect: (file: File) => Promise<Inspection>;
  /** Pronounces with a file's weights, or with the shipped ones again. */
  readonly use: (file: File | undefined) => Promise<void>;
}

/** Rows of the table; a file may hold tens of thousands of tensors. */
const MOST_ROWS = 500;

export class FilePanel {
  readonly #options: FilePanelOptions;
  readonly #problem = byId('file-problem', HTMLParagraphElement);
  readonly #result = byId('file-result', HTMLDivElement);
  #opened = 0;

  constructor(options: FilePanelOptions) {
    this.#options = options;
    const input = byId('file', HTMLInputElement);
    input.addEventListener('change', () => {
      const file = input.files?.[0];
      if (file) void this.#open(file);
      // The same file may be picked again, changed.
      input.value = '';
    });
    const drop = byId('drop', HTMLLabelElement);
    // Anywhere on the page: a browser leaves it for a file that is dropped beside.
    for (const type of ['dragover', 'dragleave', 'drop'] as const) {
      document.addEventListener(type, (event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        drop.classList.toggle('over', type === 'dragover');
        const file = type === 'drop' ? event.dataTransfer.files[0] : undefined;
        if (file) void this.#open(file);
      });
    }
  }

  async #open(file: File): Promise<void> {
    this.#opened += 1;
    const opened = this.#opened;
    const isCurrent = (): boolean => opened === this.#opened;
    this.#problem.textContent = '';
    this.#result.replaceChildren(element('p', { role: 'status' }, `Reading ${file.name} …`));
    let inspection: Inspection;
    try {
      inspection = await this.#options.inspect(file);
    } catch (error) {
      if (isCurrent()) this.#fail(`${file.name}: ${(error as Error).message}`);
      return;
    }
    if (!isCurrent()) return;
    const use = element('div', { className: 'use' });
    this.#result.replaceChildren(
      use,
      summary(inspection),
      ...metadataOf(inspection),
      tensorTable(inspection),
    );
    await this.#use(file, use);
  }

  #fail(message: string): void {
    this.#problem.textContent = message;
    this.#result.replaceChildren();
  }

  /** Whether it is a pronouncer shows when it is loaded as one. */
  async #use(file: File, place: HTMLElement): Promise<void> {
    try {
      await this.#options.use(file);
    } catch (error) {
      const { message } = error as Error;
      const reasons = element('details', {}, element('summary', {}, 'Why not'), element('pre', {}, message));
      place.replaceChildren(
        element('p', { role: 'status' }, 'This file does not pronounce. The weights before stay in use.'),
        reasons,
      );
      return;
    }
    const back = element('button', { type: 'button' }, 'Use the shipped weights again');
    back.addEventListener('click', async () => {
      await this.#options.use(undefined);
      place.replaceChildren(element('p', { role: 'status' }, 'The shipped weights are in use.'));
    });
    place.replaceChildren(
      element('p', { role: 'status' }, `${file.name} pronounces now, in the panels above.`),
      back,
    );
  }
}

function summary({ name, bytes, parameters, tensors }: Inspection): HTMLElement {
  const items: readonly (readonly [string, string])[] = [
    ['File', `${name}, ${bytesText(bytes)}`],
    ['Tensors', tensors.length.toLocaleString('en')],
    ['Parameters', parameters.toLocaleString('en')],
    ['As f32', bytesText(4 * parameters)],
  ];
  const list = element('dl');
  for (const [term, text] of items) list.append(element('dt', {}, term), element('dd', {}, text));
  return list;
}

/** Folded away; what is JSON is laid out. */
function metadataOf({ metadata }: Inspection): HTMLElement[] {
  const entries = Object.entries(metadata);
  if (entries.length === 0) return [];
  const told = entries.map(([key, text]) => `${key}: ${laidOut(text)}`).join('\n\n');
  return [element('details', {}, element('summary', {}, 'Metadata'), element('pre', {}, told))];
}

function laidOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

function tensorTable({ tensors }: Inspection): HTMLElement {
  const rows = tensors
    .slice(0, MOST_ROWS)
    .map(({ name, dtype, shape, parameters }) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, name),
        element('td', {}, dtype),
        element('td', {}, `[${shape.join(', ')}]`),
        element('td', {}, parameters.toLocaleString('en')),
      ),
    );
  const headings = ['tensor', 'type', 'shape', 'parameters'].map((text) =>
    element('th', { scope: 'col' }, text),
  );
  const table = element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...headings)),
    element('tbody', {}, ...rows),
  );
  const scroll = element('div', { className: 'scroll tall', tabIndex: 0, role: 'region' }, table);
  scroll.ariaLabel = 'Tensors of the file';
  const more = tensors.length - rows.length;
  if (more > 0) scroll.append(element('p', {}, `and ${more.toLocaleString('en')} more`));
  return scroll;
}
