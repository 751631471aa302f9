/** The script that `startWorker` starts. */
import { serve } from './serve.ts';

serve();
