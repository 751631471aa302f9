/** Seq2Seq and its decoding against PyTorch. */
import { expect, it } from 'vitest';
import { beamSearch, type LengthPenalty } from '../../src/decode/beam.ts';
import { greedyDecode } from '../../src/decode/greedy.ts';
import type { Hypothesis } from '../../src/decode/stepModel.ts';
import type { Seq2SeqBatch } from '../../src/models/seq2seq/batch.ts';
import type { Seq2SeqConfig } from '../../src/models/seq2seq/config.ts';
import { Seq2Seq } from '../../src/models/seq2seq/model.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import {
  doubles,
  fixtureNames,
  type TorchCase,
  torchCaseNames,
  torchCases,
} from '../support/torchFixtures.ts';

const names = torchCaseNames('attention', /^seq2seq_/);

it('the fixtures, where they are there, have both decoders', () => {
  if (names.length === 0) return;
  for (const decoder of ['luong', 'bahdanau'])
    expect(names.some((name) => name.includes(decoder))).toBe(true);
});

/** [rows, columns, ...rest] with the first two axes exchanged. */
function transposed<Values extends Float32Array | Int32Array>(
  values: Values,
  rows: number,
  columns: number,
): Values {
  const inner = values.length / (rows * columns);
  return values.map((_, i) => {
    const [column, row] = [Math.floor(i / (inner * rows)), Math.floor(i / inner) % rows];
    return values[(row * columns + column) * inner + (i % inner)]!;
  }) as Values;
}

function modelOf(fixture: TorchCase): Seq2Seq {
  const { vocab, emb, hidden, attn, enc_layers, pad, bos, eos } = fixture.row.ctor as Record<string, number>;
  const decoder = fixture.row.case.includes('bahdanau')
    ? ({ decoder: 'bahdanau', score: 'additive', attentionSize: attn! } as const)
    : ({ score: 'general' } as const);
  const config: Seq2SeqConfig = {
    ...decoder,
    sourceVocabulary: vocab!,
    targetVocabulary: vocab!,
    embeddingSize: emb!,
    encoderHidden: hidden!,
    encoderLayers: enc_layers!,
    decoderHidden: hidden!,
    paddingId: pad!,
    startId: bos!,
    endId: eos!,
  };
  return Seq2Seq.load(fixture.runtime, fixture.source, config, { prefix: 'w.' });
}

torchCases('attention', names, (fixture) => {
  const { runtime } = fixture;
  const model = modelOf(fixture);
  const source = fixture.tensor('in.src');
  const sourceLengths = fixture.tensor('in.src_len');
  const [rows, time] = fixture.stored('in.tgt_in').shape as [number, number];
  const timeFirst = (name: string): Tensor =>
    Tensor.from(runtime, transposed(fixture.integers(name), rows, time), [time, rows], 'i32');
  const batch: Seq2SeqBatch = {
    source,
    sourceLengths,
    targetInput: timeFirst('in.tgt_in'),
    targetOutput: timeFirst('in.tgt_out'),
  };

  const encoded = model.encode(source, sourceLengths);
  fixture.expectEqual('out', 'enc', encoded.memory.values.toArray());
  fixture.expectEqual('out', 'h0', encoded.state.hidden.toArray());
  fixture.expectEqual('out', 'c0', encoded.state.cell!.toArray());
  const { logits, weights } = model.forward(batch);
  fixture.expectEqual('out', 'logits', transposed(logits.toFloat32Array(), time, rows));
  fixture.expectEqual('out', 'attn', transposed(weights.toFloat32Array(), time, rows));

  const { loss, gradients } = runtime.gradients(() => model.loss(batch), fixtureNames(model));
  fixture.expectEqual('out', 'loss', [loss]);
  fixture.expectGradients(gradients);
  model.dispose();
});

const penalties: Record<string, LengthPenalty> = {
  gnmt: { kind: 'gnmt', alpha: 0.6 },
  hf: { kind: 'power', alpha: 1 },
  none: { kind: 'none' },
};

torchCases('attention', names, (fixture) => {
  const { max_len: maxLength, beam } = fixture.row.call!;
  const { eos } = fixture.row.ctor as Record<string, number>;
  const model = modelOf(fixture);
  const lengths = fixture.integers('in.src_len');
  const ids = fixture.integers('in.src');
  const columns = ids.length / lengths.length;
  const sources = Array.from(lengths, (length, row) => [...ids.slice(row * columns, row * columns + length)]);
  const used = fixture.runtime.memory.usedBytes;

  /** Torch's rows hold the end token and are filled up with 0. */
  const expectIds = (hypothesis: Hypothesis, row: ArrayLike<number>): void => {
    const written = [...hypothesis.ids, ...(hypothesis.ended ? [eos!] : [])];
    expect([...written, ...new Array<number>(row.length - written.length).fill(0)]).toEqual(Array.from(row));
  };
  // The sum of as many log-probabilities, each within the tolerance of the logits.
  const within = fixture.row.tol.out * maxLength;
  const expectNear = (actual: number, expected: number): void =>
    expect(Math.abs(actual - expected)).toBeLessThanOrEqual(within);

  const expectGreedy = (hypothesis: Hypothesis, row: number): void => {
    expectIds(hypothesis, fixture.integers(`out.greedy.${row}.ids`));
    expectNear(hypothesis.logProbability, doubles(fixture.stored(`out.greedy.${row}.logprob`))[0]!);
  };
  const expectBeam = (hypotheses: readonly Hypothesis[], name: string): void => {
    const expected = fixture.integers(`${name}.ids`);
    const scores = doubles(fixture.stored(`${name}.score`));
    const logProbabilities = doubles(fixture.stored(`${name}.logprob`));
    expect(hypotheses.length).toBe(scores.length);
    const length = expected.length / scores.length;
    hypotheses.forEach((hypothesis, i) => {
      expectIds(hypothesis, expected.subarray(i * length, (i + 1) * length));
      expectNear(hypothesis.score, scores[i]!);
      expectNear(hypothesis.logProbability, logProbabilities[i]!);
    });
  };

  greedyDecode(model.stepModel(sources), maxLength).forEach(expectGreedy);
  for (const [kind, lengthPenalty] of Object.entries(penalties)) {
    const options = { beam, maxLength, lengthPenalty };
    const together = beamSearch(model.stepModel(sources), options);
    sources.forEach((source, row) => {
      expectBeam(together[row]!, `out.beam_constant_${kind}.${row}`);
      expectBeam(beamSearch(model.stepModel([source]), options)[0]!, `out.beam_constant_${kind}.${row}`);
    });
  }
  sources.forEach((source, row) => {
    expectGreedy(greedyDecode(model.stepModel([source]), maxLength)[0]!, row);
  });
  // Decoding keeps nothing but the packed weights that its first step made.
  const settled = fixture.runtime.memory.usedBytes;
  expect(settled).toBeGreaterThan(used);
  beamSearch(model.stepModel(sources), { beam, maxLength });
  greedyDecode(model.stepModel(sources), maxLength);
  expect(fixture.runtime.memory.usedBytes).toBe(settled);
  model.dispose();
});
