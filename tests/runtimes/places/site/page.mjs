// What a visitor of the playground does and sees.

/** An open page; it notes what goes wrong on it. */
export class Visit {
  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
    this.errors = [];
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.errors.push(message.text());
    });
  }

  static async open(browser, url, options = {}) {
    const visit = new Visit(await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options }));
    await visit.page.goto(url);
    await visit.drawn();
    return visit;
  }

  /** Both maps are there. */
  async drawn() {
    for (const map of ['#map', '#score-map']) await this.page.waitForSelector(`${map} svg`);
  }

  async textOf(selector) {
    return (await this.page.locator(selector).textContent()).trim();
  }

  /** What the engine's panel says of a term. */
  engine(term) {
    return this.page
      .locator('#engine div', { has: this.page.locator(`dt:text-is("${term}")`) })
      .locator('dd');
  }

  /** Waits until the phonemes are these, and returns those that are shown in the end. */
  async phonemes(expected) {
    await this.#until((wanted) => document.querySelector('#phonemes').textContent === wanted, expected);
    return this.textOf('#phonemes');
  }

  /** Waits until the words sound like this, and returns how they do. */
  async words(expected) {
    await this.#until((wanted) => {
      const sounds = [...document.querySelectorAll('#words small')].map((each) => each.textContent);
      return sounds.join(' ') === wanted;
    }, expected);
    return (await this.page.locator('#words small').allTextContents()).join(' ');
  }

  /** Every value of a map, as its cells tell them. */
  async map(selector) {
    return (await this.page.locator(`${selector} svg .cell title`).allTextContents()).join('\n');
  }

  /** Waits for a map that is another than `before`. */
  async otherMap(selector, before) {
    const wanted = [selector, before];
    await this.#until(([place, old]) => {
      const titles = [...document.querySelectorAll(`${place} svg .cell title`)];
      return titles.map(({ textContent }) => textContent).join('\n') !== old;
    }, wanted);
    return this.map(selector);
  }

  /** Where it does not come true, the caller sees what is there instead. */
  async #until(condition, wanted) {
    await this.page.waitForFunction(condition, wanted, { timeout: 15_000 }).catch(() => {});
  }
}
