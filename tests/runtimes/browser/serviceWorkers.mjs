// Service workers may not import(), and heed's default entries do.
import { visit } from './visit.mjs';

const SOUND = 'əˈtɛnʃən';

export async function checkServiceWorkers(browser, site, { expect }) {
  const inServiceWorker = (worker, type = 'module') =>
    visit(browser, site, { module: '/pages/inWorker.js', kind: 'service', worker, type });

  const refused = await inServiceWorker('/pages/defaultInServiceWorker.js');
  const { errors = [] } = refused.report;
  const clear = (error) =>
    /^UnsupportedError: heed: cannot import .*heed\/single, service workers that or heed\/assets/.test(error);
  const name = 'a service worker with the default entries: an error that says what to import';
  expect(name, errors.length === 2 && errors.every(clear), refused.report);

  const { report } = await inServiceWorker('/pages/scriptInServiceWorker.js', 'classic');
  expect('a classic service worker multiplies', String(report.product) === '19,22,43,50', report);
  expect('a classic service worker pronounces', report.sound === SOUND, report);
}
