// A component as frameworks have it: imported and rendered on the server, and imported again in the page.
import { pipelineTasks } from 'heed/pipeline';
import { attentionMap } from 'heed/plot';
import { modelTypes } from 'heed/pretrained';
import { createPronouncer } from 'heed/pronounce';
import { Adam } from 'heed/train';

export async function render(word) {
  const pronouncer = await createPronouncer();
  const { ipa, attention } = pronouncer.pronounce(word);
  pronouncer.dispose();
  const { phonemes: rows, letters: columns, weights } = attention;
  const svg = attentionMap({ rows, columns, weights }).toSVG();
  return `<h1>${ipa}</h1><p>${modelTypes.length + pipelineTasks.length} ${Adam.name.length}</p>${svg}`;
}
