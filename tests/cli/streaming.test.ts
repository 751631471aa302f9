import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { longestLine } from '../../src/cli/words.ts';
import { ended, start, workplace } from './heed.ts';

const place = workplace();
const reportPeak =
  'data:text/javascript,process.on("exit",()=>process.stderr.write("peak "+process.resourceUsage().maxRSS))';

/** `wordaa`, `wordab`, ... */
function wordList(length: number, lineEnd = '\n'): string {
  const letter = (index: number): string => String.fromCharCode(97 + (index % 26));
  return Array.from({ length }, (_, i) => `word${letter(i / 26)}${letter(i)}${lineEnd}`).join('');
}

describe('heed pronounce with words on standard input', () => {
  it('pronounces 10,000 lines in order, in at most 100 MB more than ten lines take', async () => {
    // Garbage of the young generation is no memory that lines take: Node 24 lets it grow to 96 MB where there is room.
    const options = { nodeOptions: ['--max-semi-space-size=8', '--import', reportPeak] };
    const list = wordList(10_000);
    const [few, many] = [
      await place.pronounce(['--beam', '1'], wordList(10), options),
      await place.pronounce(['--beam', '1'], list, options),
    ];
    expect([few.code, many.code]).toEqual([0, 0]);
    expect(many.stdout.match(/^\S+/gm)!.join('\n')).toBe(list.trimEnd());
    const [least, most] = [few, many].map(({ stderr }) => Number(/^peak (\d+)$/.exec(stderr)![1]));
    expect(most! - least!).toBeLessThan(100 * 1024);
  });

  it('reads Windows lists, several words on a line, and empty lines', async () => {
    const { code, stdout, stderr } = await place.pronounce(
      [],
      '\ufeffpay attention\r\n\r\nto every\r\nletter',
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.match(/^\S+/gm)).toEqual(['pay', 'attention', 'to', 'every', 'letter']);
  });

  it('names words with invalid UTF-8 and goes on', async () => {
    const { code, stdout, stderr } = await place.pronounce(
      [],
      Uint8Array.from([0x61, 0xff, 0x0a, 0x62, 0x0a]),
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^b {2}/);
    expect(stderr).toContain('U+FFFD');
  });

  it('writes nothing for an empty list', async () => {
    expect(await place.pronounce([])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('leaves standard input alone when words are given', async () => {
    const child = start(['pronounce', '--weights', place.weightsFile, 'pay']);
    const { code, stdout } = await ended(child);
    expect([code, stdout.startsWith('pay  ')]).toEqual([0, true]);
  });

  it('refuses a line without end', async () => {
    const { code, stdout, stderr } = await place.pronounce([], 'x'.repeat(2 * longestLine));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^heed: word list: line 1 has more than 1000000 characters[^\n]*\n$/);
  });

  it('answers each line before the next one is written', async () => {
    const child = start(['pronounce', '--weights', place.weightsFile]);
    child.stdout.setEncoding('utf8');
    for (const word of ['pay', 'attention']) {
      child.stdin.write(`${word}\n`);
      expect((await once(child.stdout, 'data'))[0]).toMatch(new RegExp(`^${word} {2}`));
    }
    child.stdin.end();
    expect((await ended(child)).code).toBe(0);
  });

  it('ends quietly with 0 when its reader leaves, as head does', async () => {
    const child = start(['pronounce', '--weights', place.weightsFile, '--beam', '1']);
    child.stdin.on('error', () => {});
    child.stdin.write(wordList(50_000));
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      stderr += text;
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await once(child, 'exit');
    expect([code, stderr]).toEqual([0, '']);
    child.stdin.destroy();
  });

  it('does not crash when nobody reads its help or its messages', async () => {
    const help = start(['--help']);
    help.stdout.destroy();
    expect((await once(help, 'exit'))[0]).toBe(0);
    const messages = start(['pronounce', '--weights', place.weightsFile, 'r2d2', 'pay']);
    const end = ended(messages);
    messages.stderr.destroy();
    expect(await end).toMatchObject({ code: 1, stdout: expect.stringMatching(/^pay {2}/) });
  });
});
