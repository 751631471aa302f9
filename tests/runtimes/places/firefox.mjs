// Pages and workers of Debian's Firefox.
import { missing, openFirefox } from '../browser/browsers.mjs';
import { checkBrowser } from '../browser/checkBrowser.mjs';
import { openChecks } from '../checks.mjs';

export async function run({ app, expected }) {
  const checks = openChecks('firefox');
  const reason = missing('firefox');
  if (reason) checks.skip('everything', reason);
  else await checkBrowser({ open: openFirefox, checks, app, expected });
  return checks.counts;
}
