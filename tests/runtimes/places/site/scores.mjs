// Picking scores: the map changes, and by dot it is the model's own.

export async function checkScores(visit, expect) {
  const { page } = visit;
  await page.fill('#text', '');
  const empty = await visit.map('#score-map');
  await page.fill('#text', 'attention');
  await visit.otherMap('#score-map', empty);
  const own = await visit.otherMap('#map', empty);
  const dot = await visit.map('#score-map');
  expect('by dot the map is the model’s own', dot === own, `${dot}\ninstead of\n${own}`);
  let before = dot;
  for (const score of ['scaled-dot', 'general', 'additive', 'concat', 'cosine', 'location']) {
    // With the keys, as the next radio button.
    await page.focus('#score input:checked');
    await page.keyboard.press('ArrowDown');
    const map = await visit.otherMap('#score-map', before);
    const chosen = await page.inputValue('#score input:checked');
    expect(`${score} changes the map`, chosen === score && map !== before, `${chosen} is picked`);
    before = map;
  }
  await page.check('#score input[value="dot"]');
  before = await visit.otherMap('#score-map', before);
  for (const [id, value] of [
    ['reach', 'local-p'],
    ['reach', 'global'],
    ['choice', 'hard'],
    ['queries', 'letters'],
  ]) {
    if (id === 'choice') {
      // Dot is so sure here that only a temperature tells hard from soft.
      await page.locator('#temperature').fill('6');
      before = await visit.otherMap('#score-map', before);
    }
    await page.check(`#${id} input[value="${value}"]`);
    const map = await visit.otherMap('#score-map', before);
    expect(`${value} changes the map`, map !== before, 'it does not');
    before = map;
  }
  await page.check('#reach input[value="local-p"]');
  const refusal = page.locator('#score-problem', { hasText: 'hard attention needs a distribution' });
  await refusal.waitFor();
  expect('what cannot be combined is refused in words', await refusal.isVisible(), 'nothing is said');
}
