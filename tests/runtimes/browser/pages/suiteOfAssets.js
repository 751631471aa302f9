import * as heed from '/heed/assets/index.js';
import * as models from '/heed/assets/models.js';
import * as pipeline from '/heed/assets/pipeline.js';
import * as plot from '/heed/assets/plot.js';
import * as pretrained from '/heed/assets/pretrained.js';
import * as pronounce from '/heed/assets/pronounce.js';
import * as train from '/heed/assets/train.js';
import { everything } from './everything.js';
import { globals } from './globals.js';
import { report } from './report.js';
import { onInstall } from './serviceWorker.js';

const work = () => everything({ heed, models, train, plot, pronounce, pretrained, pipeline }, { globals });
if ('ServiceWorkerGlobalScope' in globalThis) onInstall(work);
else report(work);
