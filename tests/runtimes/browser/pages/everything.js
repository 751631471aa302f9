import { runSuite } from '/suite/index.js';

/** Packages for texts are imported when they are needed. */
const mayImport = !('ServiceWorkerGlobalScope' in globalThis);

/** The API suite; what must be found here is in the address. */
export async function everything(entries, host) {
  const query = new URLSearchParams(location.search);
  const expected = await (await fetch('/expected.json')).json();
  return runSuite(entries, {
    ...{ variant: 'relaxed', threads: query.get('threads') === '2', texts: mayImport },
    ...{ expected, ...host },
  });
}
