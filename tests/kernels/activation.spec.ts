import { f32_gelu, f32_gelu_tanh, f32_relu, f32_silu } from '../../assembly/kernels/activation';
import {
  f32_gelu_backward, f32_gelu_tanh_backward, f32_relu_backward, f32_silu_backward,
} from '../../assembly/gradients/activation';
import {
  begin, doubles, expectIntact, getFloat, normals, output, outputFrom, seal, setFloat, uniforms,
} from './support/buffers';
import { expectClose, reportWorst } from './support/expect';
import { activation, activationBackward } from './support/reference';
import { SIZES } from './support/sizes';

const enum Activation { Relu, Gelu, GeluTanh, Silu }
const NAMES: string[] = ['relu', 'gelu', 'gelu_tanh', 'silu'];
/** What assembly/math states: of |x|, of |y| for silu; relu is exact. */
const BOUNDS: f64[] = [0, 2.9e-7, 1.3e-7, 1.8e-7];
const EPSILON: f64 = 5.9604644775390625e-8;

function forward(which: Activation, out: usize, x: usize, n: i32): void {
  if (which == Activation.Relu) f32_relu(out, x, n);
  if (which == Activation.Gelu) f32_gelu(out, x, n);
  if (which == Activation.GeluTanh) f32_gelu_tanh(out, x, n);
  if (which == Activation.Silu) f32_silu(out, x, n);
}

function backward(which: Activation, gradX: usize, gradY: usize, saved: usize, n: i32): void {
  if (which == Activation.Relu) f32_relu_backward(gradX, gradY, saved, n);
  if (which == Activation.Gelu) f32_gelu_backward(gradX, gradY, saved, n);
  if (which == Activation.GeluTanh) f32_gelu_tanh_backward(gradX, gradY, saved, n);
  if (which == Activation.Silu) f32_silu_backward(gradX, gradY, saved, n);
}

/** Runs the kernel and compares it with its reference, within the stated error. */
function expectActivation(which: Activation, x: usize, n: i32, inPlace: bool): void {
  const out = inPlace ? outputFrom(x, n) : output(n), reference = doubles(n), magnitude = doubles(n);
  seal();
  activation(reference, x, n, which);
  forward(which, out, inPlace ? out : x, n);
  expectIntact();
  for (let i = 0; i < n; ++i) {
    const offset = <usize>i << 3;
    const size = which == Activation.Silu ? load<f64>(reference + offset) : <f64>getFloat(x, i);
    store<f64>(magnitude + offset, isFinite(size) ? Math.abs(size) : 0);
  }
  expectClose(out, reference, magnitude, n, BOUNDS[which] / EPSILON);
}

function checkSizes(which: Activation): void {
  for (let s = 0; s < SIZES.length; ++s) {
    for (let way = 0; way < 4; ++way) {
      begin(NAMES[which] + ' n=' + SIZES[s].toString(), (way & 1) != 0);
      expectActivation(which, normals(SIZES[s], 3), SIZES[s], (way & 2) != 0);
    }
  }
}

/** Evenly over [low, high], and magnitudes from 1e-30 to 1. */
function sweep(which: Activation, low: f64, high: f64): void {
  const samples = 1 << 16, slices = 16;
  for (let s = 0; s < slices; ++s) {
    begin(NAMES[which] + ' sweep');
    const width = (high - low) / <f64>slices;
    expectActivation(which, uniforms(samples, low + width * <f64>s, low + width * <f64>(s + 1)), samples, false);
  }
  begin(NAMES[which] + ' near zero');
  const x = uniforms(samples, -30, 0);
  for (let i = 0; i < samples; ++i) setFloat(x, i, <f32>(Math.pow(10, getFloat(x, i)) * (i & 1 ? -1 : 1)));
  expectActivation(which, x, samples, false);
  reportWorst('f32_' + NAMES[which]);
}

const SPECIAL: f32[] = [
  NaN, Infinity, -Infinity, 0, -0, 1000, -1000, 3.4e38, -3.4e38, 1e19, -1e19, 1e-45, -1e-45, 88, -87, -105, 10, -10,
];

/** Each special value in each lane. Far from zero all are x or 0, exactly. */
function checkSpecial(which: Activation): void {
  for (let lane = 0; lane < 4; ++lane) {
    const n = SPECIAL.length + lane;
    begin(NAMES[which] + ' special values from lane ' + lane.toString());
    const x = normals(n);
    for (let i = 0; i < SPECIAL.length; ++i) setFloat(x, i + lane, SPECIAL[i]);
    expectActivation(which, x, n, false);
    const out = output(n);
    forward(which, out, x, n);
    for (let i = 0; i < n; ++i) {
      if (!(Math.abs(getFloat(x, i)) >= 105)) continue;
      expect<f32>(getFloat(out, i) + 0).toBe(getFloat(x, i) > 0 ? getFloat(x, i) : 0);
    }
  }
}

/** 16 eps: Phi errs by 5, the slope of a sigmoid with its argument of a few roundings by less, the sums by a few more. */
function checkBackward(which: Activation): void {
  for (let s = 0; s <= SIZES.length; ++s) {
    for (let misaligned = 0; misaligned < 2; ++misaligned) {
      const n = s < SIZES.length ? SIZES[s] : 4001;
      begin(NAMES[which] + '_backward n=' + n.toString(), misaligned != 0);
      const before = normals(n), gradY = normals(n), saved = normals(n, 4);
      if (n > 3) { setFloat(saved, 1, 1e20); setFloat(saved, 2, -1e20); setFloat(gradY, 3, 1e4); }
      if (n > 5) { setFloat(saved, 4, NaN); setFloat(saved, 5, 0); }
      const gradX = outputFrom(before, n), reference = doubles(n), magnitude = doubles(n);
      seal();
      activationBackward(reference, magnitude, before, gradY, saved, n, which);
      backward(which, gradX, gradY, saved, n);
      expectIntact();
      expectClose(gradX, reference, magnitude, n, 16);
    }
  }
}

describe('activations', () => {
  it('f32_relu of all sizes', () => checkSizes(Activation.Relu));
  it('f32_gelu of all sizes', () => checkSizes(Activation.Gelu));
  it('f32_gelu_tanh of all sizes', () => checkSizes(Activation.GeluTanh));
  it('f32_silu of all sizes', () => checkSizes(Activation.Silu));
  it('relu is exact', () => sweep(Activation.Relu, -10, 10));
  it('gelu has error <= 2.9e-7 |x| on [-10, 10]', () => sweep(Activation.Gelu, -10, 10));
  it('gelu_tanh has error <= 1.3e-7 |x| on [-10, 10]', () => sweep(Activation.GeluTanh, -10, 10));
  it('silu has relative error <= 1.8e-7 on [-87, 87]', () => sweep(Activation.Silu, -87, 87));
  it('relu of NaN, infinities and extremes', () => checkSpecial(Activation.Relu));
  it('gelu of NaN, infinities and extremes', () => checkSpecial(Activation.Gelu));
  it('gelu_tanh of NaN, infinities and extremes', () => checkSpecial(Activation.GeluTanh));
  it('silu of NaN, infinities and extremes', () => checkSpecial(Activation.Silu));
});
describe('activation gradients', () => {
  it('f32_relu_backward', () => checkBackward(Activation.Relu));
  it('f32_gelu_backward', () => checkBackward(Activation.Gelu));
  it('f32_gelu_tanh_backward', () => checkBackward(Activation.GeluTanh));
  it('f32_silu_backward', () => checkBackward(Activation.Silu));
  afterAll(() => reportWorst('activation gradients'));
});
