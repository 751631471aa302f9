import { describe, expect, it } from 'vitest';
import { terminalWidth, wantsColour } from '../../src/cli/terminal.ts';
import { workplace } from './heed.ts';

const ESCAPE = '\u001b[';
const place = workplace();

describe('heed pronounce --map', () => {
  it('draws each word below its sound in the terminal', async () => {
    const { code, stdout, stderr } = await place.pronounce(['--map', 'terminal', 'pay attention']);
    expect([code, stderr]).toEqual([0, '']);
    const [pay, attention] = stdout.trimEnd().split('\n\n');
    expect(pay).toMatch(/^pay {2}[A-Z0-2 ]+ {2}\S+\nphonemes ↓ · letters →\n +p a y\n/);
    expect(attention).toMatch(/^attention {2}/);
    expect(stdout).not.toContain(ESCAPE);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(200);
  });

  it.each([
    [['--color'], {}, true],
    [['--color'], { NO_COLOR: '1' }, true],
    [['--no-color'], { FORCE_COLOR: '1' }, false],
    [[], { FORCE_COLOR: '1' }, true],
    [[], { FORCE_COLOR: '0' }, false],
    [[], { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('with %j and %j has colours: %s', async (args, environment, coloured) => {
    const { code, stdout } = await place.pronounce(['--map', 'terminal', ...args, 'pay'], '', {
      environment,
    });
    expect(code).toBe(0);
    expect(stdout.includes(ESCAPE)).toBe(coloured);
  });

  it('draws all words into one SVG document', async () => {
    const { code, stdout } = await place.pronounce(['--map', 'svg', 'pay', 'attention']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(stdout.match(/<svg /g)).toHaveLength(1);
    for (const word of ['pay', 'attention']) expect(stdout).toMatch(new RegExp(`>${word} `));
  });

  it('draws all words into one HTML page', async () => {
    const { code, stdout } = await place.pronounce(['--map', 'html'], 'pay\nattention\n');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<!DOCTYPE html>[\s\S]*<\/html>\n$/);
    expect(stdout.match(/<figure>/g)).toHaveLength(2);
  });

  it('draws the other words when one cannot be pronounced', async () => {
    const { code, stdout, stderr } = await place.pronounce(['--map', 'html', 'pay', 'r2d2']);
    expect(code).toBe(1);
    expect(stderr).toContain('"r2d2"');
    expect(stdout.match(/<figure>/g)).toHaveLength(1);
  });

  it('writes no document without a word to draw', async () => {
    const { code, stdout, stderr } = await place.pronounce(['--map', 'svg'], '\n');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('no words');
  });

  it('refuses more than 200 words in one document, and draws any number in the terminal', async () => {
    const list = 'to\n'.repeat(201);
    const { code, stdout, stderr } = await place.pronounce(['--map', 'svg', '--beam', '1'], list);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('at most 200 words');
    const drawn = await place.pronounce(['--map', 'terminal', '--beam', '1'], list);
    expect(drawn.code).toBe(0);
    expect(drawn.stdout.match(/^to {2}/gm)).toHaveLength(201);
  });
});

describe('the terminal', () => {
  it('gets colours by default, unless it is dumb', () => {
    expect(wantsColour(undefined, { TERM: 'xterm' }, true)).toBe(true);
    expect(wantsColour(undefined, { TERM: 'dumb' }, true)).toBe(false);
    expect(wantsColour(undefined, { NO_COLOR: '' }, true)).toBe(true);
    expect(wantsColour(undefined, {}, false)).toBe(false);
  });

  it('has at least 24 cells, and 80 where it does not tell', () => {
    expect([undefined, 0, 1, 24, 25, 300].map(terminalWidth)).toEqual([80, 80, 24, 24, 25, 300]);
  });
});
