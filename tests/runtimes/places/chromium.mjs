// Pages and workers of Debian's Chromium.
import { missing, openChromium } from '../browser/browsers.mjs';
import { checkBrowser } from '../browser/checkBrowser.mjs';
import { openChecks } from '../checks.mjs';

export async function run({ app, expected }) {
  const checks = openChecks('chromium');
  const reason = missing('chromium');
  if (reason) checks.skip('everything', reason);
  else await checkBrowser({ open: openChromium, checks, app, expected });
  return checks.counts;
}
