/** The playground: the panels, and what they tell each other. */
import { byId } from './elements.ts';
import { RemoteEngine } from './engine/calls.ts';
import { keepOffline } from './offline.ts';
import { EnginePanel } from './panels/engine.ts';
import { FilePanel } from './panels/file.ts';
import { PronouncePanel } from './panels/pronounce.ts';
import { ScoresPanel } from './panels/scores.ts';
import { SettingsPanel } from './panels/settings.ts';

const worker = new Worker(new URL('./engine/worker.ts', import.meta.url), { type: 'module', name: 'engine' });
const engine = new RemoteEngine(worker);
const enginePanel = new EnginePanel();
const settings = new SettingsPanel(() => load(file));
let file: File | undefined;

async function load(weights: File | undefined): Promise<void> {
  const options = { ...settings.value, file: weights };
  const loaded = await engine.call('configure', options);
  file = weights;
  enginePanel.loaded(weights?.name ?? 'shipped', options.threads, loaded);
  scores.restart(loaded.state.score);
  pronounce.restart();
}

const timed: EnginePanel['timed'] = (result) => enginePanel.timed(result);
const scores = new ScoresPanel({ score: (request) => engine.call('score', request), timed });
// Until the engine is there, calls would fail.
const ready = load(undefined);
const pronounce = new PronouncePanel({
  pronounce: async (word, beam) => {
    await ready;
    return engine.call('pronounce', { word, beam });
  },
  timed,
  shown: (pronunciation) => scores.show(pronunciation),
});
new FilePanel({ inspect: (picked) => engine.call('inspect', picked), use: load });

try {
  await ready;
} catch (error) {
  enginePanel.failed((error as Error).message);
  byId('settings-problem', HTMLParagraphElement).textContent = (error as Error).message;
}
await keepOffline((text) => enginePanel.offline(text));
