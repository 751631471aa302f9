/**
 * What the specs import from JavaScript: the references of tests/reference over pointers into the module under test.
 * `out` and `magnitude` pointers take doubles; other pointers are floats or 32-bit integers; 0 is an absent input.
 * A magnitude is what the kernel's error may be proportional to.
 */
import * as adam from '../reference/adam.ts';
import * as crossEntropy from '../reference/crossEntropy.ts';
import * as elementwise from '../reference/elementwise.ts';
import * as embedding from '../reference/embedding.ts';
import * as lstm from '../reference/lstm.ts';
import * as matmul from '../reference/matmul.ts';
import * as reduce from '../reference/reduce.ts';
import * as score from '../reference/score.ts';
import * as softmax from '../reference/softmax.ts';
import * as weightedSum from '../reference/weightedSum.ts';
import { testSeed } from '../support/random.ts';
import * as bounds from './bounds.ts';

const { absolute } = bounds;

export function referenceImports(memory: () => ArrayBuffer) {
  const f32 = (pointer: number, n: number) => new Float32Array(memory(), pointer, n);
  const i32 = (pointer: number, n: number) => new Int32Array(memory(), pointer, n);
  const f32Or = (pointer: number, n: number) => (pointer ? f32(pointer, n) : null);
  const i32Or = (pointer: number, n: number) => (pointer ? i32(pointer, n) : null);
  const put = (pointer: number, values: Float64Array) =>
    new Float64Array(memory(), pointer, values.length).set(values);
  /** The first `columns` of each row of a strided matrix. */
  const dense = (pointer: number, rows: number, columns: number, stride: number) => {
    const values = new Float64Array(rows * columns);
    for (let r = 0; r < rows; r++) values.set(f32(pointer + 4 * r * stride, columns), r * columns);
    return values;
  };
  /** A result added to what was there. */
  const plus = (before: ArrayLike<number>, values: ArrayLike<number>) =>
    Float64Array.from(before, (v, i) => v + values[i]!);

  return {
    seed: () => testSeed(),
    print: (pointer: number) => {
      const length = new Uint32Array(memory(), pointer - 4, 1)[0]! / 2;
      process.stderr.write(`${String.fromCharCode(...new Uint16Array(memory(), pointer, length))}\n`);
    },

    exp: (out: number, x: number, n: number) => put(out, elementwise.exp(f32(x, n))),
    sigmoid: (out: number, x: number, n: number) => put(out, elementwise.sigmoid(f32(x, n))),
    tanh: (out: number, x: number, n: number) => put(out, elementwise.tanh(f32(x, n))),
    add: (out: number, a: number, b: number, n: number) => put(out, elementwise.add(f32(a, n), f32(b, n))),
    multiply: (out: number, a: number, b: number, n: number) =>
      put(out, elementwise.multiply(f32(a, n), f32(b, n))),
    scale: (out: number, x: number, n: number, factor: number) =>
      put(out, elementwise.scale(f32(x, n), factor)),
    fill: (out: number, n: number, value: number) => put(out, elementwise.fill(n, value)),
    multiplyAdd(out: number, magnitude: number, before: number, a: number, b: number, n: number) {
      put(out, elementwise.multiplyAdd(f32(before, n), f32(a, n), f32(b, n)));
      put(
        magnitude,
        elementwise.multiplyAdd(absolute(f32(before, n)), absolute(f32(a, n)), absolute(f32(b, n))),
      );
    },
    addScaled(out: number, magnitude: number, before: number, x: number, n: number, factor: number) {
      put(out, elementwise.addScaled(f32(before, n), f32(x, n), factor));
      put(magnitude, elementwise.addScaled(absolute(f32(before, n)), absolute(f32(x, n)), Math.abs(factor)));
    },
    copyColumns(
      out: number,
      before: number,
      x: number,
      rows: number,
      columns: number,
      outStride: number,
      xStride: number,
      accumulate: number,
    ) {
      const source = f32(x, rows * xStride);
      put(
        out,
        elementwise.copyColumns(
          f32(before, rows * outStride),
          source,
          rows,
          columns,
          outStride,
          xStride,
          accumulate !== 0,
        ),
      );
    },
    dropout(
      out: number,
      before: number,
      x: number,
      n: number,
      seed: number,
      threshold: number,
      factor: number,
    ) {
      const dropped = elementwise.dropout(f32(x, n), seed, threshold, factor).map(Math.fround);
      put(out, before ? plus(f32(before, n), dropped) : dropped);
    },
    tanhBackward(out: number, magnitude: number, before: number, gradY: number, y: number, n: number) {
      const start = f32(before, n);
      put(out, plus(start, elementwise.tanhBackward(f32(gradY, n), f32(y, n))));
      put(
        magnitude,
        Float64Array.from(
          f32(gradY, n),
          (v, i) => Math.abs(v) * (1 + f32(y, n)[i]! ** 2) + Math.abs(start[i]!),
        ),
      );
    },
    sigmoidBackward(out: number, magnitude: number, before: number, gradY: number, y: number, n: number) {
      const start = f32(before, n);
      put(out, plus(start, elementwise.sigmoidBackward(f32(gradY, n), f32(y, n))));
      put(
        magnitude,
        Float64Array.from(
          f32(gradY, n),
          (v, i) => Math.abs(v * f32(y, n)[i]!) * (1 + Math.abs(f32(y, n)[i]!)) + Math.abs(start[i]!),
        ),
      );
    },

    matmul(
      out: number,
      magnitude: number,
      a: number,
      b: number,
      bias: number,
      before: number,
      M: number,
      N: number,
      K: number,
      aStride: number,
      bStride: number,
    ) {
      const A = dense(a, M, K, aStride);
      const B = dense(b, K, N, bStride);
      const start = f32Or(before, M * N);
      const biases = f32Or(bias, N);
      put(out, matmul.matmul(A, B, biases, start, M, N, K));
      put(
        magnitude,
        matmul.matmul(
          absolute(A),
          absolute(B),
          biases && absolute(biases),
          start && absolute(start),
          M,
          N,
          K,
        ),
      );
    },
    matmulRows(
      out: number,
      magnitude: number,
      before: number,
      a: number,
      b: number,
      M: number,
      N: number,
      K: number,
    ) {
      const A = matmul.transpose(f32(a, K * M), K, M);
      const B = f32(b, K * N);
      const start = f32(before, M * N);
      put(out, matmul.matmul(A, B, null, start, M, N, K));
      put(magnitude, matmul.matmul(absolute(A), absolute(B), null, absolute(start), M, N, K));
    },
    pack: (out: number, source: number, K: number, N: number, stride: number) =>
      put(out, matmul.pack(dense(source, K, N, stride), K, N)),
    packTransposed: (out: number, source: number, K: number, N: number, stride: number) =>
      put(out, matmul.pack(matmul.transpose(dense(source, N, K, stride), N, K), K, N)),
    packRows: (out: number, source: number, M: number, K: number, stride: number) =>
      put(out, matmul.packRows(dense(source, K, M, stride), M, K)),

    softmax(
      out: number,
      magnitude: number,
      x: number,
      mask: number,
      lengths: number,
      rows: number,
      columns: number,
      maskRows: number,
      rowsPerLength: number,
      log: number,
    ) {
      const values = f32(x, rows * columns);
      const masks = f32Or(mask, maskRows * columns);
      const lens = i32Or(lengths, Math.ceil(rows / rowsPerLength));
      const reference = log ? softmax.logSoftmax : softmax.softmax;
      put(out, reference(values, masks, lens, rows, columns, maskRows, rowsPerLength));
      put(
        magnitude,
        bounds.softmaxError(values, masks, lens, rows, columns, maskRows, rowsPerLength, log !== 0),
      );
    },
    softmaxBackward(
      out: number,
      magnitude: number,
      before: number,
      gradY: number,
      y: number,
      rows: number,
      columns: number,
    ) {
      const n = rows * columns;
      const dy = f32(gradY, n);
      const weights = f32(y, n);
      put(out, plus(f32(before, n), softmax.softmaxBackward(dy, weights, rows, columns)));
      const total = rowSums(
        dy.map((v, i) => v * weights[i]!),
        columns,
      );
      put(
        magnitude,
        Float64Array.from(
          dy,
          (v, i) => Math.abs(weights[i]!) * (Math.abs(v) + total(i)) + Math.abs(f32(before, n)[i]!),
        ),
      );
    },
    logSoftmaxBackward(
      out: number,
      magnitude: number,
      before: number,
      gradY: number,
      y: number,
      rows: number,
      columns: number,
    ) {
      const n = rows * columns;
      const dy = f32(gradY, n);
      put(out, plus(f32(before, n), softmax.logSoftmaxBackward(dy, f32(y, n), rows, columns)));
      const total = rowSums(dy, columns);
      put(
        magnitude,
        Float64Array.from(
          dy,
          (v, i) => Math.abs(v) + Math.exp(f32(y, n)[i]!) * total(i) + Math.abs(f32(before, n)[i]!),
        ),
      );
    },

    gather: (out: number, table: number, rows: number, ids: number, count: number, size: number) =>
      put(out, embedding.gather(f32(table, rows * size), i32(ids, count), size)),
    scatterAdd(
      out: number,
      magnitude: number,
      before: number,
      rows: number,
      x: number,
      ids: number,
      count: number,
      size: number,
    ) {
      const table = f32(before, rows * size);
      const values = f32(x, count * size);
      put(out, embedding.scatterAdd(table, values, i32(ids, count), size));
      put(magnitude, embedding.scatterAdd(absolute(table), absolute(values), i32(ids, count), size));
    },

    scoreDot(
      out: number,
      magnitude: number,
      query: number,
      key: number,
      batch: number,
      queries: number,
      keys: number,
      size: number,
      factor: number,
    ) {
      const q = f32(query, batch * queries * size);
      const k = f32(key, batch * keys * size);
      put(out, score.scoreDot(q, k, batch, queries, keys, size, factor));
      put(magnitude, score.scoreDot(absolute(q), absolute(k), batch, queries, keys, size, Math.abs(factor)));
    },
    scoreAdditive(
      out: number,
      magnitude: number,
      query: number,
      key: number,
      vector: number,
      batch: number,
      queries: number,
      keys: number,
      size: number,
    ) {
      const v = f32(vector, size);
      put(
        out,
        score.scoreAdditive(
          f32(query, batch * queries * size),
          f32(key, batch * keys * size),
          v,
          batch,
          queries,
          keys,
          size,
        ),
      );
      put(magnitude, new Float64Array(batch * queries * keys).fill(reduce.sum(absolute(v))));
    },
    scoreAdditiveBackward(
      outQuery: number,
      outKey: number,
      outVector: number,
      magnitudeQuery: number,
      magnitudeKey: number,
      magnitudeVector: number,
      beforeQuery: number,
      beforeKey: number,
      beforeVector: number,
      gradScores: number,
      query: number,
      key: number,
      vector: number,
      batch: number,
      queries: number,
      keys: number,
      size: number,
    ) {
      const ds = f32(gradScores, batch * queries * keys);
      const q = f32(query, batch * queries * size);
      const k = f32(key, batch * keys * size);
      const v = f32(vector, size);
      const gradients = score.scoreAdditiveBackward(ds, q, k, v, batch, queries, keys, size);
      put(outQuery, plus(f32(beforeQuery, q.length), gradients.gradQuery));
      put(outKey, plus(f32(beforeKey, k.length), gradients.gradKey));
      put(outVector, plus(f32(beforeVector, size), gradients.gradVector));
      // |1 - t^2| and |t| count as 2 and 1: tanh's own error is relative to 1 here.
      const zeros = (n: number) => new Float64Array(n);
      const most = score.scoreAdditiveBackward(
        absolute(ds),
        zeros(q.length),
        zeros(k.length),
        absolute(v),
        batch,
        queries,
        keys,
        size,
      );
      put(
        magnitudeQuery,
        plus(
          absolute(f32(beforeQuery, q.length)),
          most.gradQuery.map((x) => 2 * x),
        ),
      );
      put(
        magnitudeKey,
        plus(
          absolute(f32(beforeKey, k.length)),
          most.gradKey.map((x) => 2 * x),
        ),
      );
      put(
        magnitudeVector,
        plus(absolute(f32(beforeVector, size)), zeros(size).fill(reduce.sum(absolute(ds)))),
      );
    },

    weightedSum(
      out: number,
      magnitude: number,
      before: number,
      weights: number,
      value: number,
      batch: number,
      queries: number,
      keys: number,
      size: number,
    ) {
      const w = f32(weights, batch * queries * keys);
      const v = f32(value, batch * keys * size);
      const start = before ? f32(before, batch * queries * size) : new Float32Array(batch * queries * size);
      put(out, plus(start, weightedSum.weightedSum(w, v, batch, queries, keys, size)));
      put(
        magnitude,
        plus(absolute(start), weightedSum.weightedSum(absolute(w), absolute(v), batch, queries, keys, size)),
      );
    },
    weightedSumTransposed(
      out: number,
      magnitude: number,
      before: number,
      weights: number,
      x: number,
      batch: number,
      queries: number,
      keys: number,
      size: number,
      factor: number,
    ) {
      const w = f32(weights, batch * queries * keys);
      const v = f32(x, batch * queries * size);
      const start = f32(before, batch * keys * size);
      put(out, plus(start, weightedSum.weightedSumTransposed(w, v, batch, queries, keys, size, factor)));
      const most = weightedSum.weightedSumTransposed(
        absolute(w),
        absolute(v),
        batch,
        queries,
        keys,
        size,
        Math.abs(factor),
      );
      put(magnitude, plus(absolute(start), most));
    },

    sum: (x: number, n: number) => reduce.sum(f32(x, n)),
    sumAbsolute: (x: number, n: number) => reduce.sum(absolute(f32(x, n))),
    sumSquares: (x: number, n: number) => reduce.sumSquares(f32(x, n)),
    sumRows(out: number, magnitude: number, before: number, x: number, rows: number, columns: number) {
      const values = f32(x, rows * columns);
      put(out, plus(f32(before, columns), reduce.sumRows(values, rows, columns)));
      put(magnitude, plus(absolute(f32(before, columns)), reduce.sumRows(absolute(values), rows, columns)));
    },
    argmax: (out: number, x: number, rows: number, columns: number) =>
      put(out, reduce.argmax(f32(x, rows * columns), rows, columns)),

    crossEntropy(
      out: number,
      magnitude: number,
      logProbabilities: number,
      targets: number,
      rows: number,
      classes: number,
      ignored: number,
      smoothing: number,
    ) {
      const logs = f32(logProbabilities, rows * classes);
      put(out, crossEntropy.crossEntropy(logs, i32(targets, rows), classes, ignored, smoothing));
      // Log-probabilities are negative: their absolute values add up to the same loss.
      put(
        magnitude,
        crossEntropy.crossEntropy(
          absolute(logs).map((v) => -v),
          i32(targets, rows),
          classes,
          ignored,
          smoothing,
        ),
      );
    },
    crossEntropyBackward(
      out: number,
      magnitude: number,
      before: number,
      gradLoss: number,
      logProbabilities: number,
      targets: number,
      rows: number,
      classes: number,
      ignored: number,
      smoothing: number,
    ) {
      const logs = f32(logProbabilities, rows * classes);
      const start = f32(before, rows * classes);
      const dl = f32(gradLoss, rows);
      put(
        out,
        plus(
          start,
          crossEntropy.crossEntropyBackward(dl, logs, i32(targets, rows), classes, ignored, smoothing),
        ),
      );
      put(
        magnitude,
        Float64Array.from(
          start,
          (v, i) => Math.abs(v) + Math.abs(dl[Math.floor(i / classes)]!) * (Math.exp(logs[i]!) + 1),
        ),
      );
    },

    adam(
      outParameter: number,
      outFirst: number,
      outSecond: number,
      magnitudeParameter: number,
      magnitudeFirst: number,
      magnitudeSecond: number,
      parameter: number,
      first: number,
      second: number,
      gradient: number,
      n: number,
      gradientScale: number,
      learningRate: number,
      beta1: number,
      beta2: number,
      epsilon: number,
      weightDecay: number,
      decoupled: number,
      correction1: number,
      correction2: number,
    ) {
      const [p, m, v, g] = [f32(parameter, n), f32(first, n), f32(second, n), f32(gradient, n)];
      const options = {
        gradientScale,
        learningRate,
        beta1,
        beta2,
        epsilon,
        weightDecay,
        decoupled: decoupled !== 0,
        correction1,
        correction2,
      };
      const after = adam.adam(p, m, v, g, options);
      put(outParameter, after.parameter);
      put(outFirst, after.firstMoment);
      put(outSecond, after.secondMoment);
      const decayed = (i: number) => (decoupled ? 0 : Math.abs(weightDecay * p[i]!));
      const slope = (i: number) => Math.abs(gradientScale * g[i]!) + decayed(i);
      const firstError = Float64Array.from(m, (x, i) => 2 * beta1 * Math.abs(x) + 6 * (1 - beta1) * slope(i));
      const secondError = Float64Array.from(v, (x, i) => 2 * beta2 * x + 10 * (1 - beta2) * slope(i) ** 2);
      put(magnitudeFirst, firstError);
      put(magnitudeSecond, secondError);
      put(
        magnitudeParameter,
        Float64Array.from(p, (x, i) => {
          const after2 = after.secondMoment[i]!;
          const denominator = Math.sqrt(after2) / Math.sqrt(correction2) + epsilon;
          const relative = 9 + (after2 > 0 ? secondError[i]! / (2 * after2) : 0);
          const moved = firstError[i]! + relative * Math.abs(after.firstMoment[i]!);
          return 4 * Math.abs(x) + ((learningRate / correction1) * moved) / denominator;
        }),
      );
    },

    lstmCell(
      outHidden: number,
      outCell: number,
      outGates: number,
      magnitude: number,
      magnitudeGates: number,
      gates: number,
      previousCell: number,
      batch: number,
      hidden: number,
    ) {
      const step = lstm.lstmCell(
        f32(gates, batch * 4 * hidden),
        f32(previousCell, batch * hidden),
        batch,
        hidden,
      );
      put(outHidden, step.hidden);
      put(outCell, step.cell);
      put(outGates, step.activations);
      put(
        magnitude,
        step.cell.map((c) => 1 + Math.abs(c)),
      );
      put(magnitudeGates, absolute(step.activations));
    },
    lstmSequence(
      outOutput: number,
      outHidden: number,
      outCell: number,
      outGates: number,
      outSavedHidden: number,
      outSavedCell: number,
      magnitudeOutput: number,
      magnitudeHidden: number,
      magnitudeCell: number,
      magnitudeGates: number,
      magnitudeSavedHidden: number,
      magnitudeSavedCell: number,
      projections: number,
      weight: number,
      hiddenState: number,
      cellState: number,
      lengths: number,
      batch: number,
      time: number,
      hidden: number,
      reverse: number,
    ) {
      const shape = { batch, time, hidden, reverse: reverse !== 0, lengths: i32Or(lengths, batch) };
      const x = f32(projections, batch * time * 4 * hidden);
      const w = f32(weight, 4 * hidden * hidden);
      const run = lstm.lstmSequence(
        x,
        w,
        f32(hiddenState, batch * hidden),
        f32(cellState, batch * hidden),
        shape,
      );
      put(outOutput, run.output);
      put(outHidden, run.finalHidden);
      put(outCell, run.finalCell);
      put(outGates, run.activations);
      put(outSavedHidden, run.savedHidden);
      put(outSavedCell, run.savedCell);
      const error = bounds.lstmSequenceError(x, w, run.activations, run.savedHidden, run.savedCell, shape);
      put(magnitudeOutput, error.output);
      put(magnitudeHidden, error.finalHidden);
      put(magnitudeCell, error.finalCell);
      put(magnitudeGates, error.gates);
      put(magnitudeSavedHidden, error.savedHidden);
      put(magnitudeSavedCell, error.savedCell);
    },
    lstmCellBackward(
      outGates: number,
      outCell: number,
      magnitudeGates: number,
      magnitudeCell: number,
      gradHidden: number,
      gradCell: number,
      gates: number,
      previousCell: number,
      batch: number,
      hidden: number,
    ) {
      const n = batch * hidden;
      const inputs = [
        f32(gradHidden, n),
        f32(gradCell, n),
        f32(gates, 4 * n),
        f32(previousCell, n),
        batch,
        hidden,
      ] as const;
      const step = lstm.lstmCellBackward(...inputs);
      put(outGates, step.gradGates);
      put(outCell, step.gradPreviousCell);
      const most = bounds.lstmCellBackwardMagnitude(...inputs);
      put(magnitudeGates, most.gradGates);
      put(magnitudeCell, most.gradPreviousCell);
    },
    lstmSequenceBackward(
      outGates: number,
      outHidden: number,
      outCell: number,
      magnitudeGates: number,
      magnitudeHidden: number,
      magnitudeCell: number,
      gradOutput: number,
      gradHidden: number,
      gradCell: number,
      activations: number,
      savedCell: number,
      weight: number,
      lengths: number,
      batch: number,
      time: number,
      hidden: number,
      outputStride: number,
      reverse: number,
    ) {
      const shape = { batch, time, hidden, reverse: reverse !== 0, lengths: i32Or(lengths, batch) };
      const inputs = [
        dense(gradOutput, batch * time, hidden, outputStride),
        f32(gradHidden, batch * hidden),
        f32(gradCell, batch * hidden),
        f32(activations, batch * time * 4 * hidden),
        f32(savedCell, batch * time * hidden),
        f32(weight, 4 * hidden * hidden),
        shape,
      ] as const;
      const run = lstm.lstmSequenceBackward(...inputs);
      put(outGates, run.gradProjections);
      put(outHidden, run.gradInitialHidden);
      put(outCell, run.gradInitialCell);
      const most = bounds.lstmSequenceBackwardMagnitude(...inputs);
      put(magnitudeGates, most.gradProjections);
      put(magnitudeHidden, most.gradInitialHidden);
      put(magnitudeCell, most.gradInitialCell);
    },
  };
}

/** The sum of absolute values of the row that element i is in. */
function rowSums(x: ArrayLike<number>, columns: number): (i: number) => number {
  const sums = new Float64Array(columns ? x.length / columns : 0);
  for (let i = 0; i < x.length; i++) {
    const row = Math.floor(i / columns);
    sums[row] = sums[row]! + Math.abs(x[i]!);
  }
  return (i) => sums[Math.floor(i / columns)]!;
}
