import { describe, expect, it } from 'vitest';
import { Wanted } from '../../site/src/wanted.ts';

/** Computations that end when the test says so. */
function controlled(most?: number) {
  const begun: string[] = [];
  const ready: string[] = [];
  const pending: (() => void)[] = [];
  let version = 1;
  const wanted = new Wanted<string>(
    (key) => {
      begun.push(key);
      const value = `${key}${version}`;
      return new Promise((resolve) => pending.push(() => resolve(value)));
    },
    (_, value) => ready.push(value),
    most,
  );
  return {
    wanted,
    begun,
    ready,
    /** Ends the one computation that runs. */
    async finish(): Promise<void> {
      expect(pending).toHaveLength(1);
      pending.pop()!();
      await new Promise((resolve) => setTimeout(resolve));
    },
    running: () => pending.length,
    nextVersion: () => {
      version += 1;
    },
  };
}

describe('Wanted', () => {
  it('computes one after the other, in the order in which they are wanted', async () => {
    const { wanted, begun, ready, finish, running } = controlled();
    wanted.want(['a', 'b']);
    expect(begun).toEqual(['a']);
    expect(wanted.get('a')).toBeUndefined();
    await finish();
    expect(begun).toEqual(['a', 'b']);
    expect(wanted.get('a')).toBe('a1');
    await finish();
    expect(ready).toEqual(['a1', 'b1']);
    expect(running()).toBe(0);
  });

  it('never begins what was typed over, and does not report what was', async () => {
    const { wanted, begun, ready, finish, running } = controlled();
    for (const word of ['a', 'at', 'att', 'atte', 'atten']) wanted.want([word]);
    expect(begun).toEqual(['a']);
    await finish();
    expect(begun).toEqual(['a', 'atten']);
    expect(ready).toEqual([]);
    await finish();
    expect(ready).toEqual(['atten1']);
    expect(running()).toBe(0);
  });

  it('keeps what was computed', async () => {
    const { wanted, begun, finish, running } = controlled();
    wanted.want(['a']);
    await finish();
    wanted.want(['b']);
    await finish();
    wanted.want(['a']);
    expect(running()).toBe(0);
    expect(wanted.get('a')).toBe('a1');
    expect(begun).toEqual(['a', 'b']);
  });

  it('computes a word once that is wanted twice', async () => {
    const { wanted, begun, finish, running } = controlled();
    wanted.want(['a', 'a']);
    await finish();
    expect(begun).toEqual(['a']);
    expect(running()).toBe(0);
  });

  it('forgets the oldest beyond the most that are kept, and nothing that is wanted', async () => {
    const { wanted, finish } = controlled(2);
    wanted.want(['a', 'b', 'c']);
    for (let i = 0; i < 3; i++) await finish();
    expect(['a', 'b', 'c'].map((key) => wanted.get(key))).toEqual(['a1', 'b1', 'c1']);
    wanted.want(['c']);
    expect(['a', 'b', 'c'].map((key) => wanted.get(key))).toEqual([undefined, 'b1', 'c1']);
  });

  it('a restart computes anew, and drops what was under way', async () => {
    const { wanted, begun, ready, finish, running, nextVersion } = controlled();
    wanted.want(['a', 'b']);
    await finish();
    nextVersion();
    wanted.restart();
    expect(wanted.get('a')).toBeUndefined();
    await finish();
    expect(ready).toEqual(['a1']);
    await finish();
    await finish();
    expect(begun).toEqual(['a', 'b', 'a', 'b']);
    expect(ready).toEqual(['a1', 'a2', 'b2']);
    expect(running()).toBe(0);
  });
});
