import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { attentionMap } from '../../src/plot.ts';
import { testSeed } from '../support/random.ts';
import { anyMap, phone, uniform } from './maps.ts';
import { withoutColours } from './markup.ts';

const ESCAPE = '\u001b';
const BARS = / │[ ░▒▓█]+│$/u;

describe('toTerminal', () => {
  it('draws a map in shades', () => {
    expect(phone().toTerminal().split('\n')).toEqual([
      'phone',
      'phonemes ↓ · letters →',
      '     p h o n e',
      '  F │▒▒▒▒      │',
      'OW1 │    ██    │',
      '  N │      ▓▓░░│',
      '░ .25  ▒ .50  ▓ .75  █ 1',
    ]);
  });

  it('draws a map in 24-bit colours, one code per run of a colour', () => {
    const map = attentionMap({ rows: ['F'], columns: ['p', 'h', 'o'], weights: [1, 0, 0] });
    const [heading, row, legend] = map.toTerminal({ colour: true }).split('\n');
    expect(heading).toBe('   p h o');
    expect(row).toBe(`F │${ESCAPE}[48;2;253;231;37m  ${ESCAPE}[48;2;68;1;84m    ${ESCAPE}[0m│`);
    expect(withoutColours(legend!)).toBe(`0 ${' '.repeat(20)} 1`);
  });

  it('chooses the shade whose ink is nearest', () => {
    const weights = [0, 0.124, 0.125, 0.374, 0.375, 0.624, 0.625, 0.874, 0.875, 1];
    const map = attentionMap({ rows: ['a'], columns: weights.map(() => 'x'), weights });
    expect(map.toTerminal().split('\n')[1]).toBe('a │    ░░░░▒▒▒▒▓▓▓▓████│');
  });

  it('aligns wide characters and makes a space visible', () => {
    const map = attentionMap({
      rows: ['kyō', '👩‍👩‍👧‍👦'],
      columns: ['東', '京', ' '],
      weights: [1, 0, 0, 0, 0, 1],
    });
    expect(map.toTerminal().split('\n').slice(0, 3)).toEqual([
      '     東 京 ␣',
      'kyō │███      │',
      ' 👩‍👩‍👧‍👦 │      ███│',
    ]);
  });

  it('writes long headings downwards and cuts what is too long', () => {
    const map = attentionMap({
      rows: ['le', 'incompréhensiblement'],
      columns: ['the', 'house', 'incomprehensibly'],
      weights: [1, 0, 0, 0, 0, 1],
    });
    expect(map.toTerminal({ width: 24 }).split('\n').slice(0, -1)).toEqual([
      '              i',
      '              n',
      '              c',
      '              o',
      '              m',
      '              p',
      '              r',
      '            h e',
      '            o h',
      '          t u e',
      '          h s n',
      '          e e …',
      '      le │██    │',
      'incompr… │    ██│',
    ]);
  });

  it('breaks columns that do not fit into even blocks with their own headings', () => {
    const lines = uniform(1, 40).toTerminal({ width: 60 }).split('\n');
    expect(lines.filter((line) => line.startsWith('columns'))).toEqual([
      'columns 1 to 20 of 40',
      'columns 21 to 40 of 40',
    ]);
    expect(lines.filter((line) => line.startsWith('row0 │'))).toHaveLength(2);
  });

  it('keeps 30 letters in one block of 80 cells', () => {
    const map = attentionMap({
      rows: ['AH0'],
      columns: [...'pneumonoultramicroscopicsilico'],
      weights: Array(30).fill(0),
    });
    expect(map.toTerminal()).not.toContain('columns');
  });

  it('draws 200 x 200 within 80 cells', () => {
    const lines = uniform(200, 200).toTerminal().split('\n');
    expect(lines.filter((line) => line.startsWith('row199 │')).length).toBe(6);
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(80);
  });

  it('escapes control characters and lone surrogates', () => {
    const map = attentionMap({
      rows: ['\u001b[31m'],
      columns: ['\n', '\ud800', '\u202e'],
      weights: [0, 0, 0],
      title: 'a\nb\u0007',
    });
    const drawn = map.toTerminal();
    expect(drawn).toContain('a b\\x07');
    expect(drawn).toContain('\\x1b[31m │');
    const down = drawn
      .split('\n')
      .slice(1, 7)
      .map((line) => line.slice(10));
    expect(down).toEqual(['  \\ \\', '  u u', '  d 2', '  8 0', '\\ 0 2', 'n 0 e']);
  });

  it('keeps right-to-left headings in their columns', () => {
    const map = attentionMap({ rows: ['SH'], columns: ['ש', 'ל'], weights: [1, 0] });
    expect(map.toTerminal().split('\n')[0]).toBe('    ש\u200e ל\u200e');
  });

  it('says so when there are no weights', () => {
    expect(attentionMap({ rows: [], columns: ['x'], weights: [] }).toTerminal()).toBe('no weights: 0 × 1');
    expect(attentionMap({ rows: ['a', 'b'], columns: [], weights: [[], []] }).toTerminal()).toBe(
      'no weights: 2 × 0',
    );
  });

  it('stays in the width, aligns the border of the labels and writes no control characters, whatever the labels', () => {
    fc.assert(
      fc.property(anyMap, fc.integer({ min: 24, max: 100 }), (map, width) => {
        const plain = map.toTerminal({ width });
        expect(plain).not.toMatch(/[^\n\P{Cc}]|\p{Cs}/u);
        for (const line of plain.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(width);
        for (const drawn of [plain, withoutColours(map.toTerminal({ width, colour: true }))]) {
          const bordered = drawn.split('\n').filter((line) => BARS.test(line));
          const borders = bordered.map((line) => stringWidth(line.slice(0, line.search(BARS))));
          expect(new Set(borders).size).toBeLessThanOrEqual(1);
          if (map.weights.length > 0) expect(bordered.length).toBeGreaterThanOrEqual(map.rows.length);
        }
        expect(map.toTerminal({ width })).toBe(plain);
      }),
      { numRuns: 150, seed: testSeed() },
    );
  });

  it.each([0, 23, 40.5, Number.NaN, Number.POSITIVE_INFINITY, '80'])('rejects the width %s', (width) => {
    const call = () => phone().toTerminal({ width: width as number });
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow(`toTerminal: width must be an integer of at least 24, got ${width}`);
  });
});
