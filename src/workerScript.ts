/** The script that `startWorker` starts, built as one file: bundlers take it as it is. */
import { serve } from './worker/serve.ts';

serve();
