// A hub's model, by its id, where nothing is permitted but to reach the hub.
import { createRuntime } from 'heed';
import { embed, loadModel } from 'heed/pretrained';

const runtime = await createRuntime();
const model = await loadModel(runtime, 'organisation/bert', { hub: process.argv[2] });
const [vector] = await embed(model, [[2, 5, 6, 7, 3]]);
const { length } = vector;
runtime.dispose();
console.log(JSON.stringify({ length }));
