/** Tensors that no layer may read: of another runtime, disposed of, of another type. */
import { afterAll, describe, expect, it } from 'vitest';
import * as heed from '../../src/index.ts';
import * as models from '../../src/models.ts';
import { testRuntime } from '../tensor/runtime.ts';

describe('a tensor that must not be read', () => {
  const runtime = testRuntime();
  const other = testRuntime();
  afterAll(() => {
    runtime.dispose();
    other.dispose();
  });
  const random = new heed.Random(1);
  const ids = (values: readonly number[], shape: readonly number[] = [values.length], where = runtime) =>
    heed.Tensor.from(where, values, shape, 'i32');
  const zeros = (...shape: number[]) => heed.Tensor.zeros(runtime, shape);

  /** The error of `body`, after which the memory is as it was. */
  function refusal(body: () => unknown): unknown {
    const before = runtime.memory.usedBytes;
    try {
      body();
    } catch (error) {
      expect(runtime.memory.usedBytes).toBe(before);
      return error;
    }
    return undefined;
  }
  const foreign = (where: string) =>
    new heed.ArgumentError(`${where} belongs to another runtime than the other operands`);

  it('is of another runtime: ids, targets, positions, lengths, a step, a key', () => {
    // Far enough down that this runtime has no such address.
    heed.Tensor.zeros(other, [2 ** 20]);
    const [lengths, row] = [ids([2, 1], [2], other), ids([0, 1], [2], other)];
    const x = zeros(2, 3, 4);
    const table = zeros(3, 2);
    expect(refusal(() => heed.embedding(table, row))).toEqual(foreign('embedding: ids'));
    const logits = zeros(2, 3);
    expect(refusal(() => heed.crossEntropyRows(logits, row))).toEqual(foreign('crossEntropyRows: targets'));
    expect(refusal(() => heed.softmax(x, { lengths }))).toEqual(foreign('softmax: lengths'));
    expect(refusal(() => heed.attention(x, x, x, { heads: 1, lengths }))).toEqual(
      foreign('attention: lengths'),
    );
    const turns = models.rotaryTable(runtime, 3, 4);
    const positions = ids([0, 1, 2, 0, 1, 2], [2, 3], other);
    expect(refusal(() => models.rotary(x, { heads: 1, table: turns, positions }))).toEqual(
      foreign('rotary: positions'),
    );
    const layer = heed.GRU.create(runtime, { inputSize: 4, hiddenSize: 2 }, random);
    expect(refusal(() => layer.forward(x, { lengths }))).toEqual(foreign('GRU.forward: lengths'));
    const steps = layer.startSteps(2);
    expect(refusal(() => layer.step(heed.Tensor.zeros(other, [2, 4]), steps))).toEqual(
      foreign('GRU.step: x'),
    );
    const cache = new models.KeyValueCache(runtime, { batch: 2, keySize: 4 });
    const key = { tensor: heed.Tensor.zeros(other, [2, 3, 4]) };
    expect(refusal(() => cache.append(key, key))).toEqual(foreign('keyValueCache: key'));
    expect(cache.length).toBe(0);
  });

  it('is of another type: a key, the lengths of a remembered source', () => {
    const cache = new models.KeyValueCache(runtime, { batch: 2, keySize: 1 });
    const key = { tensor: ids([1, 2], [2, 1, 1]) };
    expect(refusal(() => cache.append(key, key))).toEqual(
      new heed.DTypeError('keyValueCache: key must be f32, got i32'),
    );
    const config = { modelSize: 4, heads: 2, feedForwardSize: 3, layers: 1 };
    const decoder = models.TransformerDecoder.create(runtime, config, random);
    const memory = zeros(2, 3, 4);
    const lengths = zeros(2);
    const tooLong = ids([3, 4]);
    expect(refusal(() => decoder.remember(memory, lengths))).toEqual(
      new heed.DTypeError('transformerDecoder.remember: lengths must be i32, got f32'),
    );
    expect(refusal(() => decoder.remember(memory, tooLong))).toEqual(
      new heed.ArgumentError('transformerDecoder.remember: lengths must lie in 0..3, got 4 at index 1'),
    );
  });

  it('leaves no mask behind where a stack is given x of another runtime', () => {
    const config = { modelSize: 4, heads: 2, feedForwardSize: 3, layers: 1 };
    const encoder = models.TransformerEncoder.create(runtime, config, random);
    const mask = ids([1, 0, 1, 1], [2, 2]);
    const x = heed.Tensor.zeros(other, [1, 2, 4]);
    expect(refusal(() => encoder.forward(x, { mask }))).toBeInstanceOf(heed.ArgumentError);
  });

  it('was disposed of', () => {
    const gone = zeros(2, 4);
    gone.dispose();
    const targets = ids([0, 1]);
    for (const op of [
      () => models.l2Normalize(gone),
      () => models.entropy(gone),
      () => heed.softmax(gone),
      () => heed.add(gone, gone),
      () => heed.crossEntropyRows(gone, targets),
      () => heed.layerNorm(gone),
    ]) {
      expect(refusal(op)).toBeInstanceOf(heed.DisposedError);
    }
  });
});
