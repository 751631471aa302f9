// Loads the TypeScript of a training thread: Node 20 does not give a worker the main thread's `--import tsx`.
import { register } from 'tsx/esm/api';

register();
await import('./replicaThread.ts');
