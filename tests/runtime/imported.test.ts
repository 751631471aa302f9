import { expect, it } from 'vitest';
import { UnsupportedError } from '../../src/errors.ts';
import { imported } from '../../src/runtime/imported.ts';

it('gives the text of a module of data', async () => {
  expect(await imported(Promise.resolve({ default: '00ff' }))).toBe('00ff');
});

it('says what to take where import() is forbidden, and why it failed', async () => {
  const cause = new TypeError('import() is disallowed on WorkletGlobalScope.');
  const error = await imported(Promise.reject(cause)).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(UnsupportedError);
  expect(error).toMatchObject({
    cause,
    message: expect.stringMatching(/\(import\(\) is disallowed .*\); where .* take heed\/single/),
  });
});
