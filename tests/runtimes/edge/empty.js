// What workerd itself takes.
export default { fetch: () => new Response('no such path', { status: 404 }) };
