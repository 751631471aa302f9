/**
 * From nothing to the first result, a product of 64 x 64 matrices: each engine in fresh processes, in turns. A child
 * measures itself from before it imports the package; the time since its process began is told beside it.
 */
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { failed, type Row } from './case.ts';
import { SIZE } from './coldStart/report.mjs';
import { versionOf } from './engines/versions.ts';
import { largestDifference, median } from './measure.ts';
import { writeModel } from './onnx.ts';

const NAME = `cold-start matmul ${SIZE}x${SIZE}x${SIZE}`;

interface Start {
  readonly packageMs: number;
  readonly processMs: number;
  readonly result: readonly number[];
}

interface Starter {
  readonly engine: string;
  readonly version: string;
  readonly file: string;
  readonly starts: Start[];
}

/** A row for each peer. @param node the Node that the children run under */
export async function measureColdStart(node: string, rounds: number): Promise<Row[]> {
  const starter = (engine: string, file: string): Starter => {
    return { engine, version: versionOf(engine), file, starts: [] };
  };
  const heed = starter('heed', 'heed.mjs');
  const peers = [
    starter('onnxruntime-web', 'onnxruntime-web.mjs'),
    starter('@tensorflow/tfjs-backend-wasm', 'tfjs-backend-wasm.mjs'),
    starter('@jax-js/jax', 'jax.mjs'),
  ];
  const model = writeProduct();
  const errors = new Map<Starter, unknown>();
  for (let round = 0; round < rounds; round++) {
    for (const each of [heed, ...peers]) {
      if (errors.has(each)) continue;
      try {
        each.starts.push(await start(node, each.file, model));
      } catch (error) {
        errors.set(each, error);
      }
    }
  }
  const ours = errors.get(heed);
  return peers.map((peer) => {
    const error = ours ?? errors.get(peer);
    return error === undefined ? toRow(heed, peer) : failed(NAME, peer, error);
  });
}

function toRow(heed: Starter, peer: Starter): Row {
  // Operands are whole numbers: every engine must give the same product.
  const maxDifference = largestDifference(heed.starts[0]!.result, peer.starts[0]!.result);
  if (maxDifference !== 0) return failed(NAME, peer, `${peer.engine}: off by ${maxDifference}, expected 0`);
  const time = ({ starts }: Starter, from: 'packageMs' | 'processMs'): number =>
    median(starts.map((each) => each[from]));
  const [medianMs, heedMedianMs] = [time(peer, 'packageMs'), time(heed, 'packageMs')];
  const [whole, heedWhole] = [time(peer, 'processMs').toFixed(0), time(heed, 'processMs').toFixed(0)];
  return {
    case: NAME,
    engine: peer.engine,
    version: peer.version,
    medianMs,
    heedMedianMs,
    heedGflops: null,
    speedUp: medianMs / heedMedianMs,
    maxDifference,
    roofline: null,
    note: `from before the import; with Node's own start ${whole} ms, heed ${heedWhole} ms`,
  };
}

function start(node: string, file: string, model: string): Promise<Start> {
  return new Promise((resolve, reject) => {
    const path = fileURLToPath(new URL(`coldStart/${file}`, import.meta.url));
    // What this process was started with (a loader, say) is not for the child.
    const child = fork(path, [model], { execPath: node, execArgv: [] });
    child.on('message', (message) => resolve(message as Start));
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${file}: ended with exit code ${code} and no result`)));
  });
}

/** The product as an ONNX file. */
function writeProduct(): string {
  const folder = fileURLToPath(new URL('../../build/bench/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const shape = [SIZE, SIZE];
  const model = writeModel({
    inputs: { a: shape, b: shape },
    output: { name: 'c', shape },
    weights: {},
    operators: [{ type: 'MatMul', inputs: ['a', 'b'], output: 'c' }],
  });
  writeFileSync(`${folder}product.onnx`, model);
  return `${folder}product.onnx`;
}
