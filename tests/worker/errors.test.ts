/** Errors on their way: nothing that a caller could look at is lost. */
import { describe, expect, it } from 'vitest';
import * as errors from '../../src/errors.ts';
import { fromSent, toSent } from '../../src/worker/errors.ts';

const { FormatError, NetworkError } = errors;

function sent(error: unknown): unknown {
  return fromSent(structuredClone(toSent(error)));
}

describe('an error that is sent', () => {
  const plain = Object.values(errors).filter((Class) => Class !== FormatError && Class !== NetworkError);

  it.each([...plain, RangeError, TypeError, Error] as (new (message: string) => Error)[])(
    'keeps its class: %o',
    (Class) => {
      const error = new Class('what is wrong');
      const received = sent(error) as Error;
      expect(received).not.toBe(error);
      expect(received.constructor).toBe(Class);
      expect(received).toMatchObject({ message: 'what is wrong', name: error.name, stack: error.stack });
    },
  );

  it('keeps its fields', () => {
    const cause = new TypeError('fetch failed', { cause: new Error('no route') });
    const about = { url: 'https://example.com/x', status: 503, attempts: 6, cause };
    const received = sent(new NetworkError('x: status 503', about)) as errors.NetworkError;
    expect(received).toBeInstanceOf(NetworkError);
    expect(received).toMatchObject({ message: 'x: status 503', url: about.url, status: 503, attempts: 6 });
    expect(received.cause).toBeInstanceOf(TypeError);
    expect((received.cause as Error).cause).toMatchObject({ message: 'no route' });
    const problems = ['one', 'two'];
    const formatted = sent(new FormatError(problems));
    expect(formatted).toBeInstanceOf(FormatError);
    expect(formatted).toMatchObject({ message: 'one\ntwo', problems });
  });

  it('may be of the platform', () => {
    const received = sent(new DOMException('too slow', 'TimeoutError'));
    expect(received).toBeInstanceOf(DOMException);
    expect(received).toMatchObject({ name: 'TimeoutError', message: 'too slow' });
    const missing = Object.assign(new Error('no such file'), { code: 'ENOENT', errno: -2, run: () => 0 });
    expect(sent(missing)).toMatchObject({ code: 'ENOENT', errno: -2 });
    expect(sent(missing)).not.toHaveProperty('run');
    class OddError extends Error {
      override readonly name = 'OddError';
    }
    expect(sent(new OddError('odd'))).toMatchObject({ name: 'OddError', message: 'odd' });
  });

  it('may be no error', () => {
    expect(sent('text')).toBe('text');
    expect(sent(undefined)).toBeUndefined();
    expect(sent(Symbol('x'))).toBe('Symbol(x)');
  });
});
