/**
 * Show, attend and tell (Xu 2015), [soft | hard]: convolutions see a grid of places v_i, an LSTM writes what is there.
 *
 *   z_t = b_t sum_i a_ti v_i (soft), or b_t v_i with i drawn from a_t (hard, by REINFORCE)   h_t = LSTM([e(y_{t-1}); z_t])
 * Task: name the signs of a picture from left to right.
 */
import { Tensor } from 'heed';
import { Captioner, captionBatch, greedyDecode } from 'heed/models';
import { attentionOverlay } from 'heed/plot';
import { Adam, hardAttentionLoss, MovingBaseline, train, trainingRuntime, warmupCosine } from 'heed/train';

const names = ['plus', 'ring', 'slash', 'tee', 'bars'];
const signs = ['010111010', '111101111', '001010100', '111010010', '111000111'];
const choice = (process.argv[2] ?? 'soft') as 'soft' | 'hard';
const [height, width, first, ids] = [4, 12, 3, { paddingId: 0, startId: 1, endId: 2 }];
const vocabulary = first + names.length;
const sizes = { channels: 1, height, width, embeddingSize: 12, decoderHidden: 32 };
const blocks = [16, 32].map((channels, block) => ({ channels, pool: block === 0 ? 1 : 4 }));
using runtime = await trainingRuntime({ seed: 1 });
const { random } = runtime;

/** A sign anywhere in each third of the picture; now and then a third is empty. */
function draw() {
  const [pixels, caption]: [number[], number[]] = [new Array(height * width).fill(0), []];
  for (const third of [0, 1, 2].filter(() => random.integer(6) > 0)) {
    const sign = random.integer(names.length);
    const corner = random.integer(2) * width + 4 * third + random.integer(2);
    const at = (i: number) => corner + Math.floor(i / 3) * width + (i % 3);
    for (let i = 0; i < 9; i++) pixels[at(i)] = Number(signs[sign]![i]);
    caption.push(first + sign);
  }
  return { pixels, caption };
}
type Drawn = readonly ReturnType<typeof draw>[];
const pixelsOf = (drawn: Drawn) => drawn.flatMap(({ pixels }) => pixels);
const imagesOf = (drawn: Drawn) => Tensor.from(runtime, pixelsOf(drawn), [drawn.length, 1, height, width]);

using model = Captioner.create(runtime, { ...ids, ...sizes, blocks, vocabulary, choice }, random);
const [parameters, baseline] = [model.parameters(), new MovingBaseline(0.9, -5)];
function loss() {
  const drawn = Array.from({ length: 32 }, draw);
  const captions = drawn.map(({ caption }) => caption);
  const batch = captionBatch(runtime, imagesOf(drawn), captions, ids);
  if (choice === 'soft') return model.loss(batch);
  return hardAttentionLoss(model.hardLoss(batch, { random }), { baseline, entropyWeight: 0.02 });
}
const steps = choice === 'soft' ? 300 : 800;
const schedule = warmupCosine({ peak: 0.01, warmupSteps: 20, totalSteps: steps });
await train({ runtime, parameters, optimizer: new Adam(parameters), steps, schedule, clip: 5, loss });

const test = Array.from({ length: 200 }, draw);
const written = greedyDecode(model.stepModel(imagesOf(test)), 5);
const right = test.filter(({ caption }, i) => `${caption}` === `${written[i]!.ids}`).length / 200;
console.log(`${(100 * right).toFixed(1)} % of 200 new pictures, ${choice} attention (at least 85 %)`);
process.exitCode = right < 0.85 ? 1 : 0;

const [{ ids: words, attention }, { pixels }] = [written[0]!, test[0]!];
const looked = attention.map((weights, t) => ({ label: names[words[t]! - first] ?? '</s>', weights }));
const overlay = attentionOverlay({ image: { width, height, pixels }, ...model.gridSize, steps: looked });
console.log(overlay.toTerminal());
