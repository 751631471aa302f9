// Debian's browsers, without a word to the network. Both libraries' pages have goto, evaluate, on and close.
import { existsSync } from 'node:fs';

const CHROMIUM_FLAGS = [
  '--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update',
  '--disable-sync --no-first-run --disable-default-apps --disable-domain-reliability --no-pings',
]
  .join(' ')
  .split(' ');

const FIREFOX_PREFERENCES = {
  'app.update.auto': false,
  'app.normandy.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.healthreport.uploadEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.dns.disablePrefetch': true,
  'network.prefetch-next': false,
  'services.settings.server': 'http://127.0.0.1:9',
  'toolkit.telemetry.enabled': false,
};

export const EXECUTABLES = { chromium: '/usr/bin/chromium', firefox: '/usr/bin/firefox-esr' };

/** @returns why there is none, or undefined */
export function missing(browser) {
  if (existsSync(EXECUTABLES[browser])) return undefined;
  const { length } = '/usr/bin/';
  return `${EXECUTABLES[browser]} is not installed (apt-get install ${EXECUTABLES[browser].slice(length)})`;
}

export async function openChromium() {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: EXECUTABLES.chromium, args: CHROMIUM_FLAGS });
}

/** @param folder of an unpacked extension. Chrome itself no longer takes it from the command line, Chromium does. */
export async function openChromiumWith(folder) {
  const { chromium } = await import('playwright-core');
  const extension = [`--disable-extensions-except=${folder}`, `--load-extension=${folder}`];
  return chromium.launchPersistentContext('', {
    executablePath: EXECUTABLES.chromium,
    args: [...CHROMIUM_FLAGS, ...extension],
    ignoreDefaultArgs: ['--disable-extensions'],
  });
}

export async function openFirefox() {
  const { launch } = await import('puppeteer-core');
  return launch({
    ...{ browser: 'firefox', executablePath: EXECUTABLES.firefox, headless: true },
    extraPrefsFirefox: FIREFOX_PREFERENCES,
  });
}
