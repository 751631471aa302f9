/** The fused attention: tiles of queries and keys, masks, shared key-value heads, strides, one query. */
import { f32_attention } from '../../assembly/kernels/attention';
import {
  begin, doubles, expectIntact, getFloat, integers, normals, output, seal, setFloat,
} from './support/buffers';
import { expectCloseRows, expectGapsUntouched, reportWorst } from './support/expect';
import { random } from './support/random';
import { attention } from './support/reference';

const enum Mask { None, Rows, Keys, Full }
/** Far: all scores are far below zero, except those of the last key, which are far above. */
const enum Content { Plain, Spike, NotANumber, Far }

/** A problem and its buffers; rows are wider than their contents, and caches longer. */
class Problem {
  batch: i32 = 2;
  heads: i32 = 2;
  keyValueHeads: i32 = 1;
  queries: i32 = 1;
  keys: i32 = 1;
  size: i32 = 4;
  valueSize: i32 = 4;
  causal: bool = false;
  hasLengths: bool = false;
  mask: Mask = Mask.None;
  content: Content = Content.Plain;
  lastIsHigh: bool = false;
  query: usize = 0;
  key: usize = 0;
  value: usize = 0;
  masks: usize = 0;
  lengths: usize = 0;

  get queryStride(): i32 { return this.heads * this.size + 3; }
  get keyStride(): i32 { return this.keyValueHeads * this.size + 1; }
  get valueStride(): i32 { return this.keyValueHeads * this.valueSize + 2; }
  get outStride(): i32 { return this.heads * this.valueSize + 5; }
  get capacity(): i32 { return this.keys + 1; }
  get maskStride(): i32 { return this.mask == Mask.Keys ? 0 : this.keys + 1; }
  get maskHeadStride(): i32 { return this.mask == Mask.Full ? this.queries * (this.keys + 1) : 0; }
  get maskBatchStride(): i32 {
    if (this.mask == Mask.Rows) return 0;
    return this.mask == Mask.Full ? this.heads * this.maskHeadStride : this.keys + 1;
  }
  get firstVisible(): i32 { return this.causal ? 1 + this.keys - this.queries : this.keys; }
  get scratchFloats(): i32 {
    const keys4 = (this.keys + 3) & ~3, columns = (this.valueSize + 7) & ~7;
    return this.queries == 1 ? keys4 : keys4 * this.size + this.keys * columns + 24 * (this.size + columns) + 3144;
  }

  label(): string {
    return 'attention B' + this.batch.toString() + ' H' + this.heads.toString() + '/' + this.keyValueHeads.toString() +
      ' Q' + this.queries.toString() + ' K' + this.keys.toString() + ' size ' + this.size.toString() + '/' +
      this.valueSize.toString() + (this.causal ? ' causal' : '') + (this.hasLengths ? ' lengths' : '') + ' mask=' +
      this.mask.toString() + ' content=' + this.content.toString();
  }

  fill(misaligned: bool): void {
    begin(this.label(), misaligned);
    this.query = normals(this.batch * this.queries * this.queryStride, 1.5);
    this.key = normals(this.batch * this.capacity * this.keyStride, 1.5);
    this.value = normals(this.batch * this.capacity * this.valueStride);
    const visibleQuery = (this.queries - 1) * this.queryStride + this.size / 2;
    if (this.content == Content.Spike && this.queries > 0 && this.size > 0) {
      setFloat(this.query, visibleQuery, 60);
      if (this.keys > 2) setFloat(this.key, (this.keys - 2) * this.keyStride + this.size / 2, -40);
    }
    if (this.content == Content.NotANumber && this.queries > 0 && this.size > 0) setFloat(this.query, visibleQuery, NaN);
    if (this.content == Content.Far) this.fillFar();
    if (this.mask != Mask.None) this.fillMask();
    if (this.hasLengths) {
      this.lengths = integers(this.batch, 0, this.keys);
      if (this.batch > 2) store<i32>(this.lengths, 0);
    }
  }

  fillFar(): void {
    for (let i = 0; i < this.batch * this.queries * this.queryStride; ++i) setFloat(this.query, i, 30);
    for (let b = 0; b < this.batch; ++b) {
      for (let i = 0; i < this.capacity * this.keyStride; ++i) {
        const isLast = this.lastIsHigh && i / this.keyStride == this.keys - 1;
        setFloat(this.key, b * this.capacity * this.keyStride + i, isLast ? 30 : -30);
      }
    }
  }

  /** Some keys are hidden, all of them from the last query of a mask of rows; some by the lowest float. */
  fillMask(): void {
    const rows = this.mask == Mask.Full ? this.batch * this.heads * this.queries : this.mask == Mask.Rows ? this.queries : this.batch;
    const columns = this.keys + 1, n = rows * columns;
    this.masks = normals(n);
    for (let i = 0; i < n; ++i) {
      const hidden = random.integer(0, 3) == 0 || (this.mask != Mask.Keys && i >= n - columns);
      const isFar = this.content == Content.Far;
      if (isFar ? i % columns == this.keys - 1 : hidden) setFloat(this.masks, i, -Infinity);
      else if (!isFar && random.integer(0, 9) == 0) setFloat(this.masks, i, -3.4028234663852886e38);
    }
  }

  run(out: usize, scratch: usize, firstHead: i32, headCount: i32): void {
    f32_attention(
      out, this.query, this.key, this.value, this.masks, this.lengths, scratch, firstHead, headCount, this.heads,
      this.keyValueHeads, this.queries, this.keys, this.size, this.valueSize, this.queries * this.outStride, this.outStride,
      this.queries * this.queryStride, this.queryStride, this.capacity * this.keyStride, this.keyStride,
      this.capacity * this.valueStride, this.valueStride, this.maskBatchStride, this.maskHeadStride, this.maskStride,
      this.firstVisible, 0.3,
    );
  }

  check(misaligned: bool): void {
    this.fill(misaligned);
    const rows = this.batch * this.queries, columns = this.heads * this.valueSize;
    const out = output(rows * this.outStride), scratch = output(this.scratchFloats);
    const reference = doubles(rows * columns), magnitude = doubles(rows * columns);
    seal();
    attention(
      reference, magnitude, this.query, this.key, this.value, this.masks, this.lengths, this.batch, this.heads,
      this.keyValueHeads, this.queries, this.keys, this.size, this.valueSize, this.queryStride, this.capacity, this.keyStride,
      this.valueStride, this.maskBatchStride, this.maskHeadStride, this.maskStride, this.firstVisible, 0.3,
    );
    this.run(out, scratch, 0, this.batch * this.heads);
    expectIntact();
    expectCloseRows(out, this.outStride, reference, magnitude, rows, columns, 1);
    expectGapsUntouched(out, this.outStride, rows, columns);
  }
}

const QUERIES: i32[] = [0, 1, 2, 7, 13, 25, 73];
const KEYS: i32[] = [0, 1, 3, 8, 63, 129];
const WIDTHS: i32[] = [0, 1, 4, 7, 8, 33];

function sweep(mask: Mask, causal: bool, content: Content): void {
  for (let q = 0; q < QUERIES.length; ++q) {
    for (let k = 0; k < KEYS.length; ++k) {
      const problem = new Problem();
      const at = q * KEYS.length + k;
      problem.queries = QUERIES[q];
      problem.keys = KEYS[k];
      problem.size = WIDTHS[at % WIDTHS.length];
      problem.valueSize = WIDTHS[(at / 2 + q) % WIDTHS.length];
      problem.batch = 1 + at % 3;
      problem.keyValueHeads = 1 + at % 2;
      problem.heads = problem.keyValueHeads * (1 + (at + q) % 3);
      problem.causal = causal;
      problem.hasLengths = (at + k) % 2 == 0;
      problem.mask = mask;
      problem.content = content;
      problem.check(at % 2 == 1);
    }
  }
}

/** A problem that spans several blocks of queries and of keys. */
function large(): Problem {
  const problem = new Problem();
  problem.heads = 6;
  problem.keyValueHeads = 2;
  problem.queries = 83;
  problem.keys = 261;
  problem.size = 9;
  problem.valueSize = 17;
  return problem;
}

/** Each head alone, with a scratch of its own, gives the bits of all at once. */
function checkSplit(queries: i32, causal: bool): void {
  const problem = large();
  problem.queries = queries;
  problem.causal = causal;
  problem.fill(false);
  const n = problem.batch * queries * problem.outStride, heads = problem.batch * problem.heads;
  const whole = output(n), parts = output(n), scratch = output(problem.scratchFloats);
  problem.run(whole, scratch, 0, heads);
  for (let head = heads - 1; head >= 0; --head) problem.run(parts, output(problem.scratchFloats), head, 1);
  expect<i32>(memory.compare(whole, parts, (<usize>n) << 2)).toBe(0, 'queries ' + queries.toString());
}

/** What a query does not see must not count as its maximum: what it sees would vanish beside it. */
function checkFar(queries: i32, keys: i32, lastIsHigh: bool, causal: bool, mask: Mask): void {
  const problem = new Problem();
  problem.queries = queries;
  problem.keys = keys;
  problem.content = Content.Far;
  problem.lastIsHigh = lastIsHigh;
  problem.causal = causal;
  problem.mask = mask;
  problem.check(false);
}

/** NaN in a key or value reaches the queries that see it and no others, causal ones of the same panel included. */
function checkNaN(inValue: bool, queries: i32): void {
  const problem = large();
  problem.heads = 2;
  problem.batch = 1;
  problem.causal = true;
  problem.queries = queries;
  const at = queries == 1 ? problem.keys : problem.keys - 5;
  problem.fill(false);
  if (inValue) setFloat(problem.value, at * problem.valueStride, NaN);
  else setFloat(problem.key, at * problem.keyStride, NaN);
  const out = output(queries * problem.outStride);
  problem.run(out, output(problem.scratchFloats), 0, problem.heads);
  let problems = 0;
  for (let i = 0; i < queries; ++i) {
    const sees = problem.firstVisible + i > at;
    if (isNaN(getFloat(out, i * problem.outStride)) != sees) problems++;
    // A NaN in one column of the values leaves the others alone.
    if (isNaN(getFloat(out, i * problem.outStride + 1)) != (sees && !inValue)) problems++;
    if (isNaN(getFloat(out, i * problem.outStride + problem.valueSize))) problems++;
  }
  expect<i32>(problems).toBe(0, (inValue ? 'value, ' : 'key, ') + queries.toString() + ' queries');
}

describe('fused attention', () => {
  it('plain', () => sweep(Mask.None, false, Content.Plain));
  it('spiked', () => sweep(Mask.None, false, Content.Spike));
  it('causal', () => sweep(Mask.None, true, Content.Plain));
  it('masked by rows', () => sweep(Mask.Rows, false, Content.Plain));
  it('masked by keys', () => sweep(Mask.Keys, true, Content.Plain));
  it('masked by head', () => sweep(Mask.Full, false, Content.Spike));
  it('NaN stays with its query', () => sweep(Mask.None, true, Content.NotANumber));
  it('several blocks', () => {
    const problem = large();
    problem.check(true);
    problem.causal = true;
    problem.mask = Mask.Full;
    problem.content = Content.Spike;
    problem.check(false);
  });
  it('hidden keys do not count as the maximum', () => {
    checkFar(5, 5, false, false, Mask.None);
    checkFar(5, 8, true, true, Mask.None);
    checkFar(5, 8, true, false, Mask.Keys);
    checkFar(1, 5, false, false, Mask.None);
    checkFar(1, 8, true, false, Mask.Keys);
  });
  it('gives the same bits however the heads are split', () => {
    checkSplit(83, false);
    checkSplit(83, true);
    checkSplit(1, true);
  });
  it('NaN in a key or value reaches only those who see it', () => {
    checkNaN(false, 83);
    checkNaN(true, 83);
    checkNaN(false, 1);
    checkNaN(true, 1);
  });
  afterAll(() => reportWorst('f32_attention'));
});
