/**
 * The rooflines of this engine on this machine, measured in the same run as what is held against them: register-only
 * multiply-adds (two instructions, and fused where the engine has relaxed SIMD), products of integers, and reads and copies in each cache and in memory.
 */
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { relaxedSimd } from 'wasm-feature-detect';

/** Where data lies: bytes that fit well into each level of cache, and more than the last one holds. */
export const levels = { L1: 16 << 10, L2: 512 << 10, L3: 8 << 20, memory: 128 << 20 } as const;
export type Level = keyof typeof levels;

/** 10^9 operations a second by kind of arithmetic, 10^9 bytes a second by level. */
export interface Roofline {
  readonly mulAdd: number;
  /** Undefined where the engine has no relaxed SIMD. */
  readonly fused: number | undefined;
  /** Of integers: products of 16 bits, added up in 32. */
  readonly dot: number;
  readonly read: Readonly<Record<Level, number>>;
  /** Bytes read and written, both counted. */
  readonly copy: Readonly<Record<Level, number>>;
}

interface Loops {
  readonly memory: WebAssembly.Memory;
  flops_per_round(): number;
  /** Contracts to addend / (1 - multiplier): with 1/2 and 1 neither overflow nor denormals. */
  multiply_add(rounds: number, multiplier: number, addend: number): number;
  operations_per_round(): number;
  dot(rounds: number, multiplier: number): number;
  read(from: number, bytes: number): number;
  copy(to: number, from: number, bytes: number): void;
}

const ROUNDS = 2000;
const WARM_UP_CALLS = 2000;
/** Bytes read in a sample: 0.1 ms and more, so that neither the clock nor the call counts. */
const BYTES_PER_SAMPLE = 16 << 20;
const SAMPLES = 12;
const PAGE = 1 << 16;

/** The loops, instantiated and warmed up: `gflops` may be asked again and again, between what it is compared with. */
export class Peak {
  readonly #loops: Loops;

  constructor(module: WebAssembly.Module) {
    this.#loops = new WebAssembly.Instance(module).exports as unknown as Loops;
    for (let i = 0; i < WARM_UP_CALLS; i++) {
      this.#loops.multiply_add(ROUNDS, 0.5, 1);
      this.#loops.dot(ROUNDS, 3);
    }
  }

  /** The best rate of `samples` short calls, in GFLOP/s. */
  gflops(samples = 50): number {
    const { multiply_add: run, flops_per_round: flops } = this.#loops;
    return (flops() * ROUNDS) / fastest(samples, () => run(ROUNDS, 0.5, 1)) / 1e9;
  }

  /** As `gflops`, of integers. */
  gops(samples = 50): number {
    const { dot: run, operations_per_round: operations } = this.#loops;
    return (operations() * ROUNDS) / fastest(samples, () => run(ROUNDS, 3)) / 1e9;
  }

  /** Rates of reading and copying at each level, in GB/s. */
  bandwidth(): Pick<Roofline, 'read' | 'copy'> {
    const { memory, read, copy } = this.#loops;
    memory.grow((2 * levels.memory) / PAGE);
    // Pages that were never written are all one page of zeros, which lies in the first-level cache.
    new Uint8Array(memory.buffer).fill(1);
    const rate = (bytes: number, run: () => void): number => {
      const calls = Math.ceil(BYTES_PER_SAMPLE / bytes);
      const repeated = (): void => {
        for (let call = 0; call < calls; call++) run();
      };
      return (calls * bytes) / fastest(SAMPLES, repeated) / 1e9;
    };
    const ofLevels = (run: (bytes: number) => void): Record<Level, number> => ({
      L1: rate(levels.L1, () => run(levels.L1)),
      L2: rate(levels.L2, () => run(levels.L2)),
      L3: rate(levels.L3, () => run(levels.L3)),
      memory: rate(levels.memory, () => run(levels.memory)),
    });
    return {
      read: ofLevels((bytes) => void read(PAGE, bytes)),
      // Half the bytes each: source and destination share the level.
      copy: ofLevels((bytes) => copy(PAGE + bytes / 2, PAGE, bytes / 2)),
    };
  }
}

/** Seconds of the fastest of `samples` calls. */
function fastest(samples: number, run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < samples; i++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return best / 1000;
}

/** The register-only loops: two instructions, and one where this engine has it. */
export async function loadPeaks(): Promise<{ mulAdd: Peak; fused: Peak | undefined }> {
  return {
    mulAdd: new Peak(await compile('simd', [])),
    fused: (await relaxedSimd())
      ? new Peak(await compile('relaxed', ['--enable', 'relaxed-simd']))
      : undefined,
  };
}

/** All rates. */
export async function measureRoofline(): Promise<Roofline> {
  const { mulAdd, fused } = await loadPeaks();
  return { mulAdd: mulAdd.gflops(), fused: fused?.gflops(), dot: mulAdd.gops(), ...mulAdd.bandwidth() };
}

export function describeRoofline({ mulAdd, fused, dot, read, copy }: Roofline): string {
  const rates = (by: Record<Level, number>): string =>
    `L1 ${by.L1.toFixed(0)}, L2 ${by.L2.toFixed(0)}, L3 ${by.L3.toFixed(0)}, memory ${by.memory.toFixed(0)} GB/s`;
  const fusedText = fused === undefined ? 'no fused' : `fused ${fused.toFixed(1)}`;
  return `roofline: mul+add ${mulAdd.toFixed(1)}, ${fusedText} GFLOP/s, integer dot ${dot.toFixed(1)} GOP/s; read ${rates(read)}; copy ${rates(copy)}`;
}

async function compile(name: string, flags: readonly string[]): Promise<WebAssembly.Module> {
  const folder = fileURLToPath(new URL('roofline', import.meta.url));
  const built = fileURLToPath(new URL('../build/bench', import.meta.url));
  const [source, binary] = [`${folder}/peak.ts`, `${built}/peak.${name}.wasm`];
  if (!existsSync(binary) || statSync(source).mtimeMs > statSync(binary).mtimeMs) {
    mkdirSync(built, { recursive: true });
    // From its own folder: asc would take the options of heed's binaries from the root's asconfig.json.
    const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', ...flags];
    const { error, stderr } = await asc.main([
      'peak.ts',
      '--baseDir',
      folder,
      '--outFile',
      relative(folder, binary),
      ...options,
    ]);
    if (error) throw new Error(`roofline: ${source} does not compile: ${stderr.toString()}`);
  }
  return WebAssembly.compile(readFileSync(binary));
}
