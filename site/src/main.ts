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
  const { milliseconds, state } = await engine.call('configure', { ...settings.value, file: weights });
  file = weights;
  enginePanel.loaded(weights?.name ?? 'shipped', milliseconds, state);
  scores.restart(state.score);
  pronounce.restart();
}

const timed: EnginePanel['timed'] = (milliseconds, state) => enginePanel.timed(milliseconds, state);
const scores = new ScoresPanel({ score: (request) => engine.call('score', request), timed });
// Until the engine is there, calls would fail.
const ready = engine.call('configure', settings.value);
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
  const { milliseconds, state } = await ready;
  enginePanel.loaded('shipped', milliseconds, state);
} catch (error) {
  enginePanel.failed((error as Error).message);
  byId('settings-problem', HTMLParagraphElement).textContent = (error as Error).message;
}
await keepOffline((text) => enginePanel.offline(text));
