// What a server-rendered page's first import does: every entry, where whatever belongs to a page throws when it is touched.
// Its last line is a report; then it must end by itself.

const globals = () => Object.getOwnPropertyNames(globalThis);
const touched = [];

/** What libraries look at to find out that they are in a page. */
for (const name of [
  'window',
  'document',
  'navigator',
  'location',
  'localStorage',
  'indexedDB',
  'caches',
  'self',
]) {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() {
      touched.push(name);
      throw new Error(`${name} was touched`);
    },
  });
}
/** What may begin nothing while modules are imported. */
for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch']) {
  const own = globalThis[name];
  globalThis[name] = (...given) => {
    touched.push(name);
    return own(...given);
  };
}
const { compile, instantiate, Module, Memory } = WebAssembly;
Object.assign(WebAssembly, {
  compile: (...given) => {
    touched.push('WebAssembly.compile');
    return compile(...given);
  },
  instantiate: (...given) => {
    touched.push('WebAssembly.instantiate');
    return instantiate(...given);
  },
  Module: watched('WebAssembly.Module', Module),
  Memory: watched('WebAssembly.Memory', Memory),
});

const before = globals();
const resources = process.getActiveResourcesInfo().length;
const imported = {};
for (const entry of JSON.parse(process.argv[2])) {
  imported[entry] = Object.keys(await import(entry)).length;
}
const report = {
  imported,
  touched: [...touched],
  added: globals().filter((name) => !before.includes(name)),
  resources: process.getActiveResourcesInfo().length - resources,
};
console.log(JSON.stringify(report));

function watched(name, Kind) {
  return class extends Kind {
    constructor(...given) {
      touched.push(name);
      super(...given);
    }
  };
}
