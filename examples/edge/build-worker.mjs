/**
 * Makes what workerd runs: the app and heed in one module, the binary beside it, and a configuration.
 *
 *     node build-worker.mjs [--out dist] [--port 8787] [--model https://...]
 *     npx workerd serve dist/config.capnp
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(here, 'dist') },
    port: { type: 'string', default: '8787' },
    model: { type: 'string' },
  },
});

await build({
  entryPoints: [join(here, 'worker.ts')],
  ...{ outdir: options.out, bundle: true, format: 'esm', target: 'es2022', minify: true },
  // The host's conditions; and the binary stays a module of its own, which alone it may compile.
  ...{ conditions: ['workerd', 'worker'], loader: { '.wasm': 'copy' }, assetNames: '[name]' },
});

const model = JSON.stringify(options.model ?? '');
writeFileSync(
  join(options.out, 'config.capnp'),
  `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "models", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${Number(options.port)}", http = (), service = "edge")],
);

const edge :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "simd.wasm", wasm = embed "simd.wasm"),
  ],
  compatibilityDate = "2026-10-01",
  compatibilityFlags = ["enable_request_signal"],
  bindings = [(name = "MODEL", text = ${model})],
  globalOutbound = "models",
);
`,
);
