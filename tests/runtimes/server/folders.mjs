// Models in folders of the file system, and the entry that reads its binaries from files.
import { expectEqual, expectRejects, expectTrue } from '../suite/expectations.js';
import { resultsOf } from './results.mjs';

/** @param project the URL of the folder that the program runs in, where `createModels` has put models */
export function checkFolders({ heed, pretrained }, project) {
  const { embed, generate, loadModel, openModelFolder } = pretrained;

  const embedFrom = async (source) => {
    const runtime = await heed.createRuntime({ variant: 'simd' });
    try {
      const [vector] = await embed(await loadModel(runtime, source), [[2, 5, 6, 7, 3]]);
      return [...vector];
    } finally {
      runtime.dispose();
    }
  };

  return resultsOf({
    'a path, relative and absolute, and a URL are one folder': async () => {
      const { pathname } = new URL(`${project.href}/models/bert`);
      const expected = await embedFrom('./models/bert');
      expectEqual('absolute', await embedFrom(pathname), expected);
      expectEqual('URL', await embedFrom(new URL(`${project.href}/models/bert`)), expected);
      expectEqual('name', await embedFrom('models/bert'), expected);
    },
    'generates from a folder in 8 bits': async () => {
      const runtime = await heed.createRuntime();
      const model = await loadModel(runtime, './models/llama', { quantize: 'int8' });
      const { ids } = await generate(model, [2, 6], { maxTokens: 4, greedy: true, endIds: [] }).result();
      expectEqual('tokens', ids.length, 4);
      runtime.dispose();
    },
    'says what is not there': async () => {
      await expectRejects('a folder', 'ArgumentError', /there is nothing/, openModelFolder('./models/none'));
      const runtime = await heed.createRuntime();
      await expectRejects('a config', 'FormatError', /config\.json/, loadModel(runtime, './models'));
      runtime.dispose();
    },
    'heed/assets reads its files': async () => {
      const { createRuntime } = await import('heed/assets');
      const { createPronouncer } = await import('heed/assets/pronounce');
      const runtime = await createRuntime();
      expectTrue('runs', runtime.variant !== undefined);
      runtime.dispose();
      const pronouncer = await createPronouncer();
      expectEqual('pronounces', pronouncer.pronounce('attention').ipa, 'əˈtɛnʃən');
      pronouncer.dispose();
    },
    'heed/single runs': async () => {
      const { createRuntime, Tensor, softmax } = await import('heed/single');
      const runtime = await createRuntime();
      expectEqual('softmax', softmax(Tensor.from(runtime, [3, 3], [1, 2])).toArray(), [0.5, 0.5]);
      runtime.dispose();
    },
  });
}
