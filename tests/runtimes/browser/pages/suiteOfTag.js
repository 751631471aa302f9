// After <script src="heed.iife.js">: a global, and nothing imported.
report(async () => {
  const { heed } = globalThis;
  const { everything } = await import('./everything.js');
  /** What the module of that name has: the global has them all side by side. */
  const entry = async (name) => {
    const names = Object.keys(await import(`/heed/${name}.js`));
    return Object.fromEntries(names.filter((each) => each in heed).map((each) => [each, heed[each]]));
  };
  const entries = { heed: await entry('index'), models: await entry('models'), plot: await entry('plot') };
  return everything({ ...entries, pronounce: heed.pronounce });
});

async function report(work) {
  (await import('./report.js')).report(work);
}
