/** Keeps the page for when there is no network. */

/** @param said hears how far it is */
export async function keepOffline(said: (text: string) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return said('no: the page is not served over HTTPS');
  try {
    await navigator.serviceWorker.register('./service-worker.js');
    said('being kept …');
    await navigator.serviceWorker.ready;
    said('yes: this page is kept in the browser');
  } catch (error) {
    said(`no: ${(error as Error).message}`);
  }
}
