import { setFlagsFromString } from 'node:v8';
import { tsImport } from 'tsx/esm/api';

// Node 20 has relaxed SIMD behind a flag, and its baseline compiler miscompiles the relaxed int8 dot product. Tests
// only: the library itself counts relaxed SIMD as available from Node 22. The simd run keeps the default compilers.
const isRelaxed = process.argv.some((argument) => argument.endsWith('relaxed.asconfig.json'));
if (isRelaxed && Number(process.versions.node.split('.')[0]) < 22) {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  setFlagsFromString('--no-liftoff');
}

// Not `node --import tsx`: that would send all of the AssemblyScript compiler through tsx, ten seconds a run.
const { referenceImports } = await tsImport('./tests/kernels/references.ts', import.meta.url);

export default {
  // as-pect's own option for leaving files out does nothing: it reads a misspelt name.
  entries: [process.env.KERNEL_SPECS ?? 'tests/kernels/**/*.spec.ts'],
  include: ['node_modules/@as-pect/assembly/assembly/index.ts'],
  disclude: [],
  async instantiate(memory, createImports, instantiate, binary) {
    let instance;
    const imports = createImports({
      // The micro-kernel under test: scripts/test-kernels.mjs runs the products with each.
      env: { memory, microKernel: Number(process.env.MICRO_KERNEL ?? 0) },
      reference: referenceImports(() => instance.exports.memory.buffer),
    });
    instance = await instantiate(binary, imports);
    return instance;
  },
};
