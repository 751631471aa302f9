import { modelServer } from './modelServer.mjs';
import { checkModels, tinyModel } from './models.mjs';
import { checkForbidden, checkThreads } from './policies.mjs';
import { checkServiceWorkers } from './serviceWorkers.mjs';
import { openSite } from './site.mjs';
import { checkSuites } from './suites.mjs';

/** What is checked in every browser. */
export async function checkBrowser({ open, checks, app, expected }) {
  const answer = modelServer(await tinyModel(app));
  const site = await openSite({ app, json: { '/expected.json': expected }, answer });
  const browser = await open();
  try {
    await checkSuites(browser, site, checks);
    await checkThreads(browser, site, checks);
    await checkForbidden(browser, site, checks);
    await checkServiceWorkers(browser, site, checks);
    await checkModels(browser, site, checks, app);
  } finally {
    await browser.close();
    await site.close();
  }
}
