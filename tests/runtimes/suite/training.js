// Gradients, optimizers, the loop, schedules and measures.
import { expectEqual, expectNear, expectRejects, expectThrows, expectTrue } from './expectations.js';
import { Values } from './values.js';

export const needs = ['heed', 'models', 'train'];

/** Runs `body` on a training runtime, and frees it. */
function onTrainingRuntime(body) {
  return async (context) => {
    const runtime = await context.createTrainingRuntime({ seed: 1 });
    try {
      await body({ ...context, runtime });
    } finally {
      runtime.dispose();
    }
  };
}

/** A model, and the loss of it on one batch. */
function seq2seq({ runtime, models: { pairBatch, Seq2Seq } }, options = {}) {
  const tokens = { paddingId: 0, startId: 1, endId: 2 };
  const sizes = { sourceVocabulary: 8, targetVocabulary: 8, embeddingSize: 6, encoderHidden: 8 };
  const config = { ...tokens, ...sizes, encoderLayers: 1, decoderHidden: 8, score: 'additive', ...options };
  const model = Seq2Seq.create(runtime, config, runtime.random);
  const pairs = [
    { source: [3, 4, 5], target: [5, 4, 3] },
    { source: [6, 7], target: [7, 6] },
  ];
  return { model, batch: pairBatch(runtime, pairs, tokens) };
}

const finite = (gradients) => [...gradients.values()].every((each) => each.toArray().every(Number.isFinite));

export const free = {
  'gradients of a linear model are its normal equations': onTrainingRuntime(({ runtime, heed, train }) => {
    expectTrue('runtime', runtime instanceof train.TrainingRuntime);
    const { linear, multiply, PackedWeight, sum, Tensor } = heed;
    const [rows, inputs] = [9, 5];
    const values = new Values(81);
    const [x, w] = [values.floats(rows * inputs), values.floats(inputs)];
    const [input, weight] = [Tensor.from(runtime, x, [rows, inputs]), Tensor.from(runtime, w, [1, inputs])];
    const body = () => {
      const y = linear(input, new PackedWeight(weight));
      return sum(multiply(y, y));
    };
    const y = Array.from({ length: rows }, (_, i) =>
      w.reduce((sum, value, j) => sum + value * x[i * inputs + j], 0),
    );
    const expected = Array.from(w, (_, j) =>
      y.reduce((sum, value, i) => sum + 2 * value * x[i * inputs + j], 0),
    );
    const parameters = new Map([['weight', weight]]);
    const { loss, gradients } = train.gradients(runtime, body, parameters);
    const arithmetic = { roundings: rows + inputs + 4, magnitude: 2 * rows };
    expectNear('loss', [loss], [y.reduce((sum, value) => sum + value * value, 0)], arithmetic);
    expectNear('gradient', gradients.get('weight').toArray(), expected, arithmetic);
  }),

  'gradients of an LSTM with attention are its differences': onTrainingRuntime((context) => {
    const { model, batch } = seq2seq(context);
    const { runtime } = context;
    const { gradients } = runtime.gradients(() => model.loss(batch), model.parameters());
    expectTrue('finite', finite(gradients));
    const step = 2 ** -7;
    for (const name of ['encoder.weight_hh_l0', 'attn_q.weight', 'out.bias']) {
      const parameter = model.parameters().get(name);
      const values = parameter.toFloat32Array();
      const at = values.length >> 1;
      const lossWith = (value) => {
        parameter.set(values.map((each, i) => (i === at ? value : each)));
        return runtime.scope(() => model.loss(batch).item());
      };
      const difference = (lossWith(values[at] + step) - lossWith(values[at] - step)) / (2 * step);
      parameter.set(values);
      // What a loss of about 2 is rounded by, over the step; and a third derivative of the order of 1, times its square.
      const room = (16 * 2 ** -23) / step + step ** 2;
      const gradient = gradients.get(name).toArray()[at];
      expectTrue(`${name}: ${gradient} is near ${difference}`, Math.abs(gradient - difference) <= room);
    }
  }),

  'Adam and SGD lower the loss': onTrainingRuntime((context) => {
    const { runtime, train } = context;
    const { Adam, clipGlobalNorm, globalNorm, Optimizer, SGD } = train;
    for (const [Kind, options] of [
      [Adam, { learningRate: 0.02 }],
      [SGD, { learningRate: 0.5, momentum: 0.5 }],
    ]) {
      const { model, batch } = seq2seq(context);
      const optimizer = new Kind(model.parameters(), options);
      expectTrue('is an Optimizer', optimizer instanceof Optimizer);
      const used = [];
      const losses = Array.from({ length: 30 }, () =>
        runtime.scope(() => {
          const { loss, gradients } = runtime.gradients(() => model.loss(batch), model.parameters());
          expectTrue('finite', finite(gradients));
          const before = clipGlobalNorm(gradients, 1);
          expectTrue('clipped', globalNorm(gradients) <= Math.min(before, 1) * 1.0001);
          optimizer.step(gradients);
          used.push(runtime.memory.usedBytes);
          return loss;
        }),
      );
      expectTrue(`${Kind.name}: ${losses[0]} to ${losses.at(-1)}`, losses.at(-1) < 0.7 * losses[0]);
      // The first step packs the weights; the others find that room.
      expectEqual('bytes', used.at(-1), used[1]);
      const saved = new Map([...optimizer.state()].map(([name, each]) => [name, each.toFloat32Array()]));
      const resumed = new Kind(model.parameters(), options);
      resumed.restore(saved, optimizer.steps);
      expectEqual('steps', resumed.steps, 30);
      expectThrows('missing', 'ArgumentError', /missing/, () => optimizer.step(new Map()));
    }
  }),

  'train: the loop, its schedules and its end': onTrainingRuntime(async (context) => {
    const {
      runtime,
      train: { Adam, inverseSquareRoot, scheduledSampling, train, warmupCosine },
    } = context;
    const { model, batch } = seq2seq(context);
    const parameters = model.parameters();
    const optimizer = new Adam(parameters, { learningRate: 0 });
    const schedule = warmupCosine({ peak: 0.02, warmupSteps: 2, totalSteps: 20 });
    const sampling = scheduledSampling({ kind: 'linear', slope: 0.02 });
    const reports = [];
    const loss = (step) => model.loss(batch, { teacherForcing: sampling(step), random: runtime.random });
    const options = { runtime, parameters, optimizer, loss, schedule, clip: 1 };
    const losses = await train({ ...options, steps: 20, onStep: (report) => void reports.push(report) });
    expectTrue('lower', losses.at(-1) < losses[0]);
    expectEqual(
      'rates',
      reports.map(({ learningRate }) => learningRate),
      losses.map((_, step) => schedule(step)),
    );
    const stop = AbortSignal.abort(new Error('enough'));
    await expectRejects('stopped', 'Error', /enough/, train({ ...options, steps: 1, signal: stop }));
    const nan = () => context.heed.scale(model.loss(batch), NaN);
    await expectRejects(
      'diverged',
      'DivergenceError',
      /step 20/,
      train({ ...options, schedule: undefined, steps: 1, loss: nan }),
    );
    const root = inverseSquareRoot({ peak: 1, warmupSteps: 4 });
    expectEqual('a peak', [root(3), root(15)], [1, 0.5]);
  }),

  'dropout, hard attention and REINFORCE': onTrainingRuntime((context) => {
    const {
      runtime,
      train: { hardAttentionLoss, MovingBaseline, reinforce },
    } = context;
    const { model, batch } = seq2seq(context, { choice: 'hard', dropout: 0.25 });
    const baseline = new MovingBaseline(0.5);
    const body = () => {
      const cost = model.hardLoss(batch, { random: runtime.random });
      return hardAttentionLoss(cost, { baseline, entropyWeight: 0.1 });
    };
    const { loss, gradients } = runtime.gradients(body, model.parameters());
    expectTrue('finite', Number.isFinite(loss) && finite(gradients) && baseline.value < 0);
    expectTrue(
      'the choice learns',
      gradients
        .get('attn_q.weight')
        .toArray()
        .some((value) => value !== 0),
    );
    const logProbability = context.heed.Tensor.from(runtime, [-1, -2], [2, 1]);
    const told = reinforce({ rewards: [1, 3], baseline: 1, logProbabilities: [logProbability] });
    expectEqual('estimate', told.item(), 2);
  }),

  'an inference runtime has no gradients': async ({
    createRuntime,
    heed: { sum, Tensor },
    train: { gradients },
  }) => {
    const runtime = await createRuntime();
    const x = Tensor.from(runtime, [1]);
    const body = () => gradients(runtime, () => sum(x), new Map([['x', x]]));
    expectThrows('refused', 'UnsupportedError', /trainingRuntime/, body);
    runtime.dispose();
  },

  'measures, batches and masks': ({ heed: { Random }, train }) => {
    const { bucketedBatches, corpusBleu, editDistance, errorRates, maskTokens } = train;
    expectEqual('distance', editDistance([...'kitten'], [...'sitting']), 3);
    const results = [{ predicted: ['AH0', 'T'], references: [['AH1', 'T']] }];
    const { per, wer, perNoStress } = errorRates(results);
    expectEqual('rates', [per, wer, perNoStress], [0.5, 1, 0]);
    const words = 'the cat sat on the mat'.split(' ');
    expectNear('bleu', [corpusBleu([{ predicted: words, references: [words] }]).bleu], [1], { roundings: 4 });
    const items = Array.from({ length: 10 }, (_, i) => 'x'.repeat(i + 1));
    const batches = bucketedBatches(items, 3, ({ length }) => length, new Random(1));
    expectEqual('every item once', batches.flat().sort(), [...items].sort());
    const ids = Array.from({ length: 400 }, (_, i) => 4 + (i % 6));
    const { input, targets } = maskTokens(ids, {
      vocabulary: 10,
      maskId: 3,
      special: [0, 1, 2],
      random: new Random(2),
    });
    const chosen = ids.filter((id, i) => targets[i] === id).length;
    const masked = [...input].filter((id) => id === 3).length;
    expectTrue(
      `${chosen} of 400 chosen, ${masked} masked`,
      chosen > 30 && chosen < 100 && masked > chosen / 2,
    );
    expectTrue(
      'the rest stays',
      ids.every((id, i) => targets[i] !== -100 || input[i] === id),
    );
  },
};
