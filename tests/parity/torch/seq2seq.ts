/** Encoder-decoders: teacher forcing with its gradients, greedy and beam decoding. */
import { beamSearch, type LengthPenalty } from '../../../src/decode/beam.ts';
import { greedyDecode } from '../../../src/decode/greedy.ts';
import type { Hypothesis } from '../../../src/decode/stepModel.ts';
import { Seq2Seq } from '../../../src/models/seq2seq/model.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import type { Comparison } from '../compare.ts';
import { asComparisons, gradientsOf, parametersOf } from '../evaluate.ts';
import type { Fixture } from '../fixture.ts';
import { permuted } from '../layout.ts';
import type { Outcome, Runners } from '../runner.ts';

function load(fixture: Fixture, decoder: 'luong' | 'bahdanau'): Seq2Seq {
  const { options, runtime, source } = fixture;
  const vocabulary = options.number('vocab');
  const hidden = options.number('hidden');
  const attentionSize = options.number('attn', 0) || undefined;
  const config = {
    sourceVocabulary: vocabulary,
    targetVocabulary: vocabulary,
    embeddingSize: options.number('emb'),
    encoderHidden: hidden,
    encoderLayers: options.number('enc_layers', 1),
    decoderHidden: hidden,
    decoder,
    score: decoder === 'luong' ? 'general' : 'additive',
    attentionSize,
    paddingId: options.number('pad'),
    startId: options.number('bos'),
    endId: options.number('eos'),
  } as const;
  return fixture.own(Seq2Seq.load(runtime, source, config, { prefix: 'w.' }));
}

function run(fixture: Fixture, decoder: 'luong' | 'bahdanau'): Outcome {
  fixture.call.get('trained_steps');
  const model = load(fixture, decoder);
  const decoded = decode(fixture, model);
  const steps = fixture.shape('in.src')[1]! + fixture.shape('in.tgt_in')[1]!;
  return {
    comparisons: [...teacherForced(fixture, model), ...decoded],
    arithmetic: { steps, approximations: 5 },
    unchecked: [{ outputs: /^beam_shrink_/, reason: "heed's beam keeps its width (`constant`)" }],
  };
}

function teacherForced(fixture: Fixture, model: Seq2Seq): Comparison[] {
  const { runtime } = fixture;
  const [rows, time] = fixture.shape('in.tgt_in') as [number, number];
  const source = fixture.tensor('in.src');
  const sourceLengths = fixture.tensor('in.src_len');
  const timeFirst = (name: string): Tensor =>
    Tensor.from(runtime, permuted(fixture.integers(name), [rows, time], [1, 0]), [time, rows], 'i32');
  const batch = {
    source,
    sourceLengths,
    targetInput: timeFirst('in.tgt_in'),
    targetOutput: timeFirst('in.tgt_out'),
  };
  /** [time, rows, ...] to [rows, time, ...]. */
  const rowsFirst = (tensor: Tensor): Float32Array =>
    permuted(tensor.toFloat32Array(), [time, rows, tensor.size / (time * rows)], [1, 0, 2]);
  const { memory, state } = model.encode(source, sourceLengths);
  const { logits, weights } = model.forward(batch);
  const loss = runtime.scope(() => model.loss(batch).item());
  const gradients = gradientsOf(fixture, parametersOf(model), () => ({ loss: model.loss(batch) }));
  return [
    { name: 'out.enc', actual: memory.values.toArray() },
    { name: 'out.h0', actual: state.hidden.toArray() },
    { name: 'out.c0', actual: state.cell!.toArray() },
    { name: 'out.logits', actual: rowsFirst(logits) },
    { name: 'out.attn', actual: rowsFirst(weights) },
    { name: 'out.loss', actual: [loss] },
    ...asComparisons(gradients),
  ];
}

const penalties: Readonly<Record<string, LengthPenalty>> = {
  gnmt: { kind: 'gnmt', alpha: 0.6 },
  hf: { kind: 'power', alpha: 1 },
  none: { kind: 'none' },
};

/** All rows side by side, and each by itself. */
function decode(fixture: Fixture, model: Seq2Seq): Comparison[] {
  const maxLength = fixture.call.number('max_len');
  const beam = fixture.call.number('beam');
  const sources = unpadded(fixture);
  const alone = <Result>(search: (rows: readonly number[][]) => Result[]): Result[][] => [
    search(sources),
    sources.flatMap((source) => search([source])),
  ];
  const comparisons = alone((rows) => greedyDecode(model.stepModel(rows), maxLength)).flatMap((hypotheses) =>
    hypotheses.flatMap((hypothesis, row) => hypothesesOf(fixture, `greedy.${row}`, [hypothesis])),
  );
  for (const [kind, lengthPenalty] of Object.entries(penalties)) {
    const options = { beam, maxLength, lengthPenalty };
    const found = alone((rows) => beamSearch(model.stepModel(rows), options));
    for (const [row, hypotheses] of found.flatMap((each) => [...each.entries()])) {
      comparisons.push(...hypothesesOf(fixture, `beam_constant_${kind}.${row}`, hypotheses));
    }
  }
  // What the first searches packed is there; from now on nothing may be kept.
  const settled = fixture.runtime.memory.usedBytes;
  greedyDecode(model.stepModel(sources), maxLength);
  beamSearch(model.stepModel(sources), { beam, maxLength });
  const kept = fixture.runtime.memory.usedBytes - settled;
  if (kept !== 0) throw new Error(`decoding keeps ${kept} bytes`);
  return comparisons;
}

function unpadded(fixture: Fixture): number[][] {
  const lengths = fixture.integers('in.src_len');
  const ids = fixture.integers('in.src');
  const columns = ids.length / lengths.length;
  return Array.from(lengths, (length, row) => [...ids.slice(row * columns, row * columns + length)]);
}

/** Ids with the end token, filled up with 0, and what hypotheses score. */
function hypothesesOf(fixture: Fixture, name: string, hypotheses: readonly Hypothesis[]): Comparison[] {
  const width = fixture.shape(`out.${name}.ids`).at(-1)!;
  const end = fixture.options.number('eos');
  const ids = hypotheses.flatMap((hypothesis) => {
    const written = [...hypothesis.ids, ...(hypothesis.ended ? [end] : [])];
    return [...written, ...new Array<number>(Math.max(0, width - written.length)).fill(0)];
  });
  const scores = {
    logprob: hypotheses.map(({ logProbability }) => logProbability),
    score: hypotheses.map(({ score }) => score),
  };
  return [
    { name: `out.${name}.ids`, actual: ids, against: 'exact', group: `${name}.ids` },
    ...Object.entries(scores)
      .filter(([kind]) => fixture.has(`out.${name}.${kind}`))
      .map(([kind, actual]) => ({ name: `out.${name}.${kind}`, actual, group: name })),
  ];
}

export const seq2seqRunners: Runners = {
  'BiLSTM encoder + luong attention decoder': (fixture) => run(fixture, 'luong'),
  'BiLSTM encoder + bahdanau attention decoder': (fixture) => run(fixture, 'bahdanau'),
};
