// Who has no mouse, or does not see: everything is reached by keys, has a name, shows the focus, and has contrast (axe).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Visit } from './page.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export async function checkAccess(browser, url, expect) {
  for (const colorScheme of ['light', 'dark']) {
    const visit = await Visit.open(browser, url, { colorScheme, reducedMotion: 'reduce' });
    await visit.page.setInputFiles('#file', 'models/pronounce/pronounce.safetensors');
    await visit.page.waitForSelector('#file-result button');
    for (const summary of await visit.page.locator('summary').all()) await summary.click();
    await visit.page.waitForSelector('#map table');
    await visit.page.evaluate(AXE);
    const { violations, passes } = await visit.page.evaluate(
      (values) => window.axe.run({ runOnly: { type: 'tag', values } }),
      RULES,
    );
    const found = violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 90)).join(' ')}`,
    );
    expect(
      `axe finds nothing, ${colorScheme} (${passes.length} rules)`,
      found.length === 0,
      found.join('; '),
    );
    if (colorScheme === 'light') await checkKeys(visit, expect);
    await visit.page.close();
  }
}

async function checkKeys(visit, expect) {
  const { page } = visit;
  const expected = await page.evaluate(() => {
    const all = [
      ...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]'),
    ];
    const reachable = all.filter(
      (each) => !each.disabled && each.checkVisibility() && (each.type !== 'radio' || each.checked),
    );
    reachable.forEach((each, i) => {
      each.dataset.stop = String(i);
    });
    return reachable.length;
  });
  const stops = [];
  const unseen = [];
  await page.focus('#text');
  await page.keyboard.press('Shift+Tab');
  for (let i = 0; i < expected; i++) {
    if (i > 0) await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const focused = document.activeElement;
      // Of a control that is drawn by its label, the label shows the focus.
      const drawn = [focused, focused.nextElementSibling, focused.closest('label')].filter(Boolean);
      const shows = drawn.some((each) => getComputedStyle(each).outlineStyle !== 'none');
      return { index: Number(focused.dataset.stop ?? -1), shows, html: focused.outerHTML.slice(0, 90) };
    });
    stops.push(stop.index);
    if (!stop.shows) unseen.push(stop.html);
  }
  const inOrder = stops.every((stop, i) => stop === i);
  expect(`Tab reaches all ${expected} controls in their order`, inOrder, stops.join());
  expect('the focus shows on each', unseen.length === 0, unseen.join('; '));
  await page.fill('#text', 'heed');
  const said = page.locator('#announcement');
  await said.filter({ hasText: 'heed' }).waitFor();
  expect(
    'the result is announced',
    (await said.textContent()) === 'heed: HH IY1 D',
    await said.textContent(),
  );
}
