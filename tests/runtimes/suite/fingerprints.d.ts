import type { Runtime } from '../../../src/runtime/runtime.ts';

type Heed = typeof import('../../../src/index.ts') & typeof import('../../../src/models.ts');

export const EXPECTED: Readonly<Record<string, string>>;
export function fingerprints(heed: Heed, runtime: Runtime): Record<string, string>;
