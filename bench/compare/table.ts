/** The rows as a Markdown table in the README, between two comments. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Row } from './case.ts';

const BEGIN = '<!-- comparison: npm run compare -- --table bench/compare/results.json -->';
const END = '<!-- end of comparison -->';
const readme = new URL('../../README.md', import.meta.url);

const columns = [
  ['onnxruntime-web', 'onnxruntime-web'],
  ['@tensorflow/tfjs-backend-wasm', 'tfjs-wasm'],
  ['@jax-js/jax', 'jax-js'],
  ['brain.js', 'brain.js'],
  ['@huggingface/transformers', 'transformers.js (wasm)'],
  ['onnxruntime-node', 'onnxruntime-node (native)'],
  ['heed', 'heed itself'],
] as const;

/** What the last column compares with: the case's last word says. */
function ownBaseline(name: string): string {
  const last = name.slice(name.lastIndexOf(' ') + 1);
  const baselines: Readonly<Record<string, string>> = { threads: 'one thread', simd: '`relaxed`' };
  return baselines[last] ?? `forced \`${last}\``;
}

/** Puts the rows' table into the README. @throws when the README has no place for it */
export function writeTable(rows: readonly Row[]): void {
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), rows));
}

/** A text with the table between its two comments. */
export function withTable(text: string, rows: readonly Row[]): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md has no place for the table: ${BEGIN} ... ${END}`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${table(rows)}\n\n${text.slice(end)}`;
}

function table(rows: readonly Row[]): string {
  const present = columns.filter(([engine]) => rows.some((row) => row.engine === engine));
  const names = [...new Set(rows.map((row) => row.case))];
  const header = ['case', 'heed', 'GFLOP/s', 'of the roofline', ...present.map(([, title]) => title)];
  const body = names.map((name) => {
    const own = rows.filter((row) => row.case === name);
    return [name, ...heedCells(own), ...present.map(([engine]) => peerCell(own, engine))];
  });
  const lines = [header, header.map((_, i) => (i === 0 ? '---' : '--:')), ...body];
  const notes = [
    ...new Set(
      rows.flatMap(({ case: name, engine, note }) => (note ? [`${name}, ${engine}: ${note}.`] : [])),
    ),
  ];
  return [aligned(lines), ...notes].join('\n\n');
}

function heedCells(rows: readonly Row[]): [time: string, gflops: string, roofline: string] {
  const measured = rows.find(({ error }) => error === undefined);
  if (!measured) return ['fails', '', ''];
  const { heedMedianMs, heedGflops, roofline } = measured;
  return [
    milliseconds(heedMedianMs!),
    heedGflops === null ? '' : heedGflops.toFixed(1),
    roofline === null ? '' : percent(roofline),
  ];
}

function peerCell(rows: readonly Row[], engine: string): string {
  const row = rows.find((each) => each.engine === engine);
  if (!row) return '';
  if (row.error !== undefined) return 'fails';
  const ratio = `${row.speedUp!.toFixed(2)}x`;
  return engine === 'heed' ? `${ratio} ${ownBaseline(row.case)}` : ratio;
}

/** Cells padded, so that the source reads as a table too. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) => Math.max(3, ...lines.map((line) => line[column]!.length)));
  return lines
    .map((line, index) => {
      const cells = line.map((cell, column) => {
        const width = widths[column]!;
        if (index === 1) return cell.endsWith(':') ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width);
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      });
      return `| ${cells.join(' | ')} |`;
    })
    .join('\n');
}

/** A row in a line, for the terminal. */
export function describeRow(row: Row): string {
  const label = `  ${row.case.padEnd(46)} ${row.engine.padEnd(30)}`;
  if (row.error !== undefined) return `${label} FAILS: ${row.error}`;
  const { medianMs, heedMedianMs, speedUp, heedGflops, roofline, maxDifference, note } = row;
  const share = roofline === null ? '' : ` = ${percent(roofline)} of the roofline`;
  const rate = heedGflops === null ? '' : `, ${heedGflops.toFixed(1)} GFLOP/s${share}`;
  const agreement = maxDifference === null ? '' : `, differ by ${maxDifference.toExponential(1)}`;
  const remark = note ? ` (${note})` : '';
  return `${label} ${milliseconds(medianMs!)} / heed ${milliseconds(heedMedianMs!)} = ${speedUp!.toFixed(2)}${rate}${agreement}${remark}`;
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
const milliseconds = (value: number): string => `${value < 100 ? value.toPrecision(3) : value.toFixed(0)} ms`;
