/** How types of what runs here become those of what runs in a worker. */
import type { PretrainedModel } from '../pretrained/loadModel.ts';

/** A method whose result comes from a worker. */
export type Promised<Method extends (...args: never[]) => unknown> = (
  ...args: Parameters<Method>
) => Promise<Awaited<ReturnType<Method>>>;

/** A task on a model, as a method of the model: `embed(model, texts, options)` as `model.embed(texts, options)`. */
export type Bound<Task> = Task extends {
  (model: PretrainedModel, ...args: infer First): infer FirstResult;
  (model: PretrainedModel, ...args: infer Second): infer SecondResult;
}
  ? {
      (...args: First): FirstResult;
      (...args: Second): SecondResult;
    }
  : never;
