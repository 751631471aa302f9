import { createRuntime } from '/heed/index.js';
import { report } from './report.js';

report(async () => {
  const errors = [];
  for (const threads of [1, 2]) {
    const error = await createRuntime({ threads }).catch((reason) => reason);
    errors.push({ name: error.name, message: error.message, cause: String(error.cause) });
  }
  return { errors };
});
