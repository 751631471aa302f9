// How long the tasks of a page's own thread take, from the browser's trace.

/**
 * @param {import('playwright-core').Page} page
 * @returns a function that ends the trace: the longest task in milliseconds, of the processor and by the clock
 */
export async function traceTasks(page) {
  const client = await page.context().newCDPSession(page);
  const events = [];
  client.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await client.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'],
    },
  });
  return async () => {
    const complete = new Promise((resolve) => client.once('Tracing.tracingComplete', resolve));
    await client.send('Tracing.end');
    await complete;
    await client.detach();
    const thread = ({ pid, tid }) => `${pid} ${tid}`;
    const names = events.filter(({ name }) => name === 'thread_name');
    const pages = new Set(names.filter(({ args }) => args.name === 'CrRendererMain').map(thread));
    const tasks = events.filter(
      (event) => event.name === 'RunTask' && event.ph === 'X' && pages.has(thread(event)),
    );
    if (tasks.length === 0) throw new Error('site: the trace has no tasks of the page');
    const longest = (duration) => Math.max(...tasks.map((task) => task[duration] ?? 0)) / 1000;
    return { processor: longest('tdur'), clock: longest('dur') };
  };
}
