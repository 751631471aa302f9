import { expect, it } from 'vitest';
import { variants as allVariants } from '../../src/runtime/variant.ts';
import { sharedRuntime, skippedVariants } from '../support/runtimes.ts';

for (const variant of allVariants) {
  it(`the ${variant} variant runs on this engine`, async (context) => {
    if (skippedVariants.includes(variant)) {
      console.log(`SKIPPED: variant ${variant} is not available on Node ${process.versions.node}`);
      context.skip();
    }
    const runtime = await sharedRuntime(variant);
    expect(runtime.variant).toBe(variant);
  });
}
