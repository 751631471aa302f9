// Makes the worklet that the address names, and reports what it says.
import { report } from './report.js';
import { BLOCK } from './worklets/block.js';
import { hashOf } from './worklets/hash.js';
import { sound, tensors } from './worklets/sound.js';

const RATE = 16_000;
const query = new URLSearchParams(location.search);

/** @returns the processor's node, ready to be heard */
async function start(name, samples, options = {}) {
  const context = new OfflineAudioContext({ length: samples, sampleRate: RATE });
  const module = await WebAssembly.compileStreaming(fetch('/heed/wasm/simd.wasm'));
  await context.audioWorklet.addModule(`/pages/worklets/${name}.js`);
  const node = new AudioWorkletNode(context, name, { processorOptions: { module, ...options } });
  node.onprocessorerror = () => report(() => ({ error: 'the processor failed' }));
  return { context, node };
}

/** The node hears the sound of `sound.js`. */
function play({ context, node }) {
  const buffer = context.createBuffer(1, context.length, RATE);
  buffer.copyToChannel(sound(context.length), 0);
  const player = new AudioBufferSourceNode(context, { buffer });
  player.connect(node).connect(context.destination);
  player.start();
}

const nextMessage = ({ port }) =>
  new Promise((resolve) => {
    port.onmessage = ({ data }) => resolve(data);
  });

const tasks = {
  async products() {
    const { node } = await start('products', BLOCK);
    return nextMessage(node);
  },

  async voice() {
    const chunks = Number(query.get('chunks'));
    const heard = await start('voice', 512 * chunks, { tensors: tensors() });
    const probabilities = [];
    const all = new Promise((resolve) => {
      heard.node.port.onmessage = ({ data }) => probabilities.push(data) === chunks && resolve();
    });
    play(heard);
    await heard.context.startRendering();
    await all;
    return { probabilities };
  },

  async lstm() {
    const blocks = Number(query.get('blocks'));
    const heard = await start('lstm', blocks * BLOCK);
    const usedBytes = async () => {
      heard.node.port.postMessage('usedBytes');
      return nextMessage(heard.node);
    };
    const before = await usedBytes();
    play(heard);
    const rendered = await heard.context.startRendering();
    return { hash: hashOf(rendered.getChannelData(0)), before, after: await usedBytes() };
  },
};

report(tasks[query.get('task')]);
