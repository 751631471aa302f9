/** A worker thread that trains beside the main one. */
import { parentPort, workerData } from 'node:worker_threads';
import { Replica, type ReplicaOptions } from './replica.ts';

const options = workerData as ReplicaOptions;
const replica = await Replica.create(options);
parentPort!.postMessage('ready');
while (replica.optimizer.steps < replica.totalSteps) for (const _ of replica.epoch());
