/**
 * Runs a published model: `node --import tsx examples/pretrained.ts FOLDER-OR-ID "some text" "another"`
 *
 * A decoder goes on with the texts, an encoder-decoder writes them in other words, an encoder tells how alike they are.
 */
import { createRuntime } from 'heed';
import { embed, generate, loadModel, type PretrainedModel, translate } from 'heed/pretrained';

const [source, ...texts] = process.argv.slice(2);
if (!source || texts.length === 0) {
  console.error('usage: pretrained.ts FOLDER-OR-ID TEXT...');
  process.exit(2);
}

using runtime = await createRuntime();
using model = await loadModel(runtime, source);
await run(model, texts);

async function run(loaded: PretrainedModel, all: readonly string[]): Promise<void> {
  switch (loaded.kind) {
    case 'decoder':
      for (const text of all) await tell(loaded, text);
      break;
    case 'encoder-decoder':
      for (const { text } of await translate(loaded, all)) console.log(text);
      break;
    case 'encoder':
      compare(all, await embed(loaded, all));
      break;
  }
}

/** Each word as soon as it is written, and why it ended there. */
async function tell(loaded: PretrainedModel, prompt: string): Promise<void> {
  process.stdout.write(prompt);
  const story = generate(loaded, prompt, { maxTokens: 60, stop: ['\n\n'] });
  for await (const { text } of story) process.stdout.write(text);
  const { finishReason, logProbability, ids } = await story.result();
  console.log(`\n(${finishReason}, ${(logProbability / ids.length).toFixed(2)} a token)`);
}

/** The cosine of each pair. */
function compare(all: readonly string[], vectors: readonly Float32Array[]): void {
  all.forEach((text, i) => {
    all.slice(i + 1).forEach((other, j) => {
      const cosine = vectors[i]!.reduce((sum, x, k) => sum + x * vectors[i + j + 1]![k]!, 0);
      console.log(`${cosine.toFixed(3)}  ${text}  /  ${other}`);
    });
  });
}
