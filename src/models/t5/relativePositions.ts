import { Embedding } from '../../layers/embedding.ts';
import type { Parameters } from '../../layers/parameters.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { T5Config } from './config.ts';

/**
 * What T5 adds to attention's scores by how far apart two places are (Raffel 2020, section 2.1): a learned number for each
 * head and bucket of distances. Parameters: `weight` [buckets, heads].
 */
export class RelativePositions {
  readonly #table: Embedding;
  readonly #config: T5Config;
  readonly #bothWays: boolean;

  /** @param bothWays whether places look ahead too: half of the buckets are then for what comes later */
  constructor(parameters: Parameters, config: T5Config, bothWays: boolean) {
    this.#table = new Embedding(parameters, { count: config.buckets, size: config.heads });
    this.#config = config;
    this.#bothWays = bothWays;
  }

  /**
   * @param queries how many there are, the last of the keys' places
   * @returns [1, heads, queries, keys]
   */
  bias(queries: number, keys: number): Tensor {
    const { runtime } = this.#table.weight;
    const { heads } = this.#config;
    const table = this.#table.weight.toFloat32Array();
    const bias = new Float32Array(heads * queries * keys);
    for (let q = 0; q < queries; q++) {
      for (let k = 0; k < keys; k++) {
        const bucket = bucketOf(k - (keys - queries + q), this.#config, this.#bothWays);
        for (let head = 0; head < heads; head++) {
          bias[(head * queries + q) * keys + k] = table[bucket * heads + head]!;
        }
      }
    }
    return Tensor.from(runtime, bias, [1, heads, queries, keys]);
  }

  dispose(): void {
    this.#table.dispose();
  }
}

/**
 * Small distances have a bucket each; from half of the buckets on they share one the more, the further they are, by
 * logarithm up to `furthest`.
 * @param distance of the key from the query, positive where the key comes later
 */
export function bucketOf(
  distance: number,
  { buckets, furthest }: Pick<T5Config, 'buckets' | 'furthest'>,
  bothWays: boolean,
): number {
  const own = bothWays ? buckets >> 1 : buckets;
  const first = bothWays && distance > 0 ? own : 0;
  const far = bothWays ? Math.abs(distance) : Math.max(0, -distance);
  const exact = own >> 1;
  if (far < exact) return first + far;
  // In single precision, as the reference: at a bucket's edge the last bit decides.
  const share = Math.fround(
    Math.fround(Math.log(Math.fround(far / exact))) / Math.fround(Math.log(furthest / exact)),
  );
  return first + Math.min(own - 1, exact + Math.trunc(Math.fround(share * (own - exact))));
}
