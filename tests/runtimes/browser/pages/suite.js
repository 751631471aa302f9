// As a page's module, a dedicated and a shared worker.

import * as heed from '/heed/index.js';
import * as models from '/heed/models.js';
import * as pipeline from '/heed/pipeline.js';
import * as plot from '/heed/plot.js';
import * as pretrained from '/heed/pretrained.js';
import * as pronounce from '/heed/pronounce.js';
import * as train from '/heed/train.js';
import { everything } from './everything.js';
import { globals } from './globals.js';
import { report } from './report.js';

report(() => everything({ heed, models, train, plot, pronounce, pretrained, pipeline }, { globals }));
