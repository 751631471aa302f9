/**
 * Keeps the whole page, so that it works without a network after its first load. The build fills in the two constants;
 * a new build is another version, which takes over once no page of the old one is open.
 */
const version = 'VERSION';
const files = ['FILES'];

// Two playgrounds may share an origin, each in a folder of its own.
const prefix = `heed playground ${self.registration.scope} `;
const name = prefix + version;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(name)
      .then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache' })))),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((each) => each.startsWith(prefix) && each !== name))
      .then((old) => Promise.all(old.map((each) => caches.delete(each))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  // The folder holds one page, however it is asked for.
  const wanted = request.mode === 'navigate' ? './' : request;
  event.respondWith(
    caches
      .open(name)
      .then((cache) => cache.match(wanted, { ignoreSearch: true, ignoreVary: true }))
      .then((kept) => kept ?? fetch(request)),
  );
});
