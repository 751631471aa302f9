// Files of the user's: a pronouncer, weights of something else, and a broken file.
import { readFileSync } from 'node:fs';

export async function checkFiles(visit, shipped, expect) {
  const { page } = visit;
  const { Random, createRuntime, fromFloat32, writeSafetensors } = await import('../../../../dist/index.js');
  const { Seq2Seq } = await import('../../../../dist/models.js');
  const { createPronouncer } = await import('../../../../dist/pronounce.js');
  const bytes = readFileSync('models/pronounce/pronounce.safetensors');
  const pick = async (name, buffer) => {
    await page.setInputFiles('#file', {
      name,
      mimeType: 'application/octet-stream',
      buffer: Buffer.from(buffer),
    });
  };

  await pick('broken.safetensors', bytes.subarray(0, 1000));
  const problem = page.locator('#file-problem', { hasText: 'broken.safetensors' });
  await problem.waitFor();
  const text = await problem.textContent();
  expect('a broken file gets the typed error', /safetensors header: .*1000|length/.test(text), text);

  const other = writeSafetensors(new Map([['fc.weight', fromFloat32(new Float32Array(6), [2, 3], 'F32')]]));
  await pick('other.safetensors', other);
  await page.locator('#file-result .use', { hasText: 'does not pronounce' }).waitFor();
  const row = (await page.locator('#file-result tbody tr').allTextContents()).join();
  expect('other weights are listed', row === 'fc.weightF32[2, 3]6', row);
  await page.locator('#file-result summary').click();
  const reason = await visit.textOf('#file-result pre');
  expect('and it is said why they do not pronounce', reason.includes('metadata has no config'), reason);
  expect('the problem before is gone', (await visit.textOf('#file-problem')) === '', 'it is still there');

  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(20)], 'dropped.safetensors'));
    document.querySelector('h1').dispatchEvent(new DragEvent('drop', { bubbles: true, dataTransfer }));
  });
  const dropped = page.locator('#file-problem', { hasText: 'dropped.safetensors' });
  await dropped.waitFor();
  expect('a file may be dropped anywhere', await dropped.isVisible(), 'it is not opened');

  const runtime = await createRuntime();
  const config = {
    ...{ sourceVocabulary: 31, targetVocabulary: 72, embeddingSize: 8, encoderHidden: 8, encoderLayers: 1 },
    ...{ decoderHidden: 16, score: 'general', paddingId: 0, startId: 1, endId: 2 },
  };
  const model = Seq2Seq.create(runtime, config, new Random(7));
  const tensors = [...model.parameters()].map(([name, tensor]) => {
    const values = tensor.toFloat32Array().map((value) => 6 * value);
    return [name, fromFloat32(values, tensor.shape, 'F32')];
  });
  const weights = writeSafetensors(new Map(tensors), { metadata: { config: JSON.stringify(config) } });
  runtime.dispose();
  await page.fill('#text', 'attention');
  await pick('tiny.safetensors', weights);
  await page.locator('#file-result .use', { hasText: 'tiny.safetensors pronounces now' }).waitFor();
  const tiny = await createPronouncer({ weights });
  const expected = tiny.pronounce('attention').phonemes.join(' ');
  tiny.dispose();
  const actual = await visit.phonemes(expected);
  expect('a pronouncer pronounces', actual === expected, `${actual}, in Node ${expected}`);
  const used = await visit.engine('Weights').textContent();
  expect('and the engine names it', used === 'tiny.safetensors', used);

  await page.getByRole('button', { name: 'Use the shipped weights again' }).click();
  const back = shipped.pronounce('attention').phonemes.join(' ');
  const again = await visit.phonemes(back);
  expect('the shipped weights come back', again === back, `${again}, in Node ${back}`);
  const memory = async () => Number.parseFloat(await visit.engine('Memory').textContent());
  const before = await memory();
  await page.selectOption('#arithmetic', 'int8');
  await visit.engine('Last call').getByText('ms').waitFor();
  await page.waitForFunction(
    (limit) => Number.parseFloat(document.querySelector('#engine div:nth-child(4) dd').textContent) < limit,
    before / 2,
  );
  const after = await memory();
  expect('int8 takes less than half the memory', after < before / 2, `${after} MB of ${before} MB`);
  await page.selectOption('#arithmetic', 'f32');
}
