/** Does the work, and tells the server what came of it. The number is in the address, of pages and of workers. */
export async function report(work) {
  let result;
  try {
    result = await work();
  } catch (error) {
    result = { error: `${error}\n${error?.stack}` };
  }
  await fetch(`/report${location.search}`, { method: 'POST', body: JSON.stringify(result) });
}
