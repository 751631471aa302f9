// What a service worker is asked to do, before it is let go. It may not import(): everything is imported at the start.
import { report } from './report.js';

export function onInstall(work) {
  addEventListener('install', (event) => {
    event.waitUntil(report(work).finally(() => registration.unregister()));
  });
}
