import * as heed from '/heed/heed.single.js';
import { everything } from './everything.js';
import { globals } from './globals.js';
import { onInstall } from './serviceWorker.js';

onInstall(() => everything({ heed }, { globals }));
