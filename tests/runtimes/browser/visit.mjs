/**
 * Opens a page and waits for its report.
 * @param query of the page: `policy`, `module` and `script` (paths), and whatever the page's script reads
 * @param options `path` of another page; `act`, what the user does meanwhile: `(page) => Promise`
 * @returns what the page's script reported, and what the browser said: errors, unhandled rejections, warnings
 */
export async function visit(browser, site, query, { path = '/page.html', act } = {}) {
  const { id, reported } = site.expectReport();
  const page = await browser.newPage();
  const said = listen(page);
  try {
    const search = new URLSearchParams([...Object.entries(query).flatMap(pairs), ['id', id]]);
    await page.goto(`${site.origin}${path}?${search}`);
    await act?.(page);
    return { report: await reported, said };
  } finally {
    await page.close();
  }
}

const pairs = ([name, value]) => [value].flat().map((each) => [name, each]);

export function listen(page) {
  const said = [];
  page.on('pageerror', (error) => said.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning', 'warn'].includes(message.type())) said.push(message.text());
  });
  return said;
}
