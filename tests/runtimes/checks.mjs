/** Counts checks, and prints a line for each; of a suite's, a line for those that hold and one for each other. */
export function openChecks(place) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const say = (how, name, detail) => console.log(`${place}: ${how}: ${name}${detail ? `: ${detail}` : ''}`);
  return {
    counts,
    expect(name, condition, detail) {
      counts[condition ? 'passed' : 'failed'] += 1;
      const text = typeof detail === 'string' ? detail : JSON.stringify(detail);
      say(condition ? 'ok' : 'FAILED', name, condition ? '' : text);
    },
    skip(name, reason) {
      counts.skipped += 1;
      say('SKIPPED', name, reason);
    },
    /** @param results what `runSuite` gave */
    add(name, results) {
      const right = results.filter(
        ({ error, skipped }) => error === undefined && skipped === undefined,
      ).length;
      counts.passed += right;
      say('ok', name, `${right} checks`);
      for (const result of results) {
        if (result.error !== undefined) {
          counts.failed += 1;
          say('FAILED', `${name}: ${result.name}`, result.error);
        } else if (result.skipped !== undefined) this.skip(`${name}: ${result.name}`, result.skipped);
      }
      // Where nothing was checked, nothing holds.
      if (results.length === 0) this.expect(name, false, 'no check was made');
    },
    /** What was measured, for who reads the log. */
    note: (text) => console.log(`${place}: ${text}`),
  };
}
