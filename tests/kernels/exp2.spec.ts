/** 2^x over a dense sample, against the error that its header states. */
import { exp2NonPositive } from '../../assembly/math/exp2';
import { print } from './support/reference';

describe('exp2', () => {
  it('has relative error <= 2.2e-7 on [-126, 0]', () => {
    let worst: f64 = 0;
    const steps = 1 << 20;
    for (let i = 0; i < steps; ++i) {
      const x = <f32>(-126 * <f64>i / <f64>steps);
      const y = <f64>f32x4.extract_lane(exp2NonPositive(f32x4.splat(x)), 3);
      const wanted = Math.pow(2, <f64>x);
      const error = Math.abs((y - wanted) / wanted);
      if (!(error <= worst)) worst = error;
    }
    print('  exp2: largest relative error ' + worst.toString() + ' over ' + steps.toString() + ' points of [-126, 0]');
    expect<f64>(worst).toBeLessThanOrEqual(2.2e-7);
  });

  it('is 1 at 0, 0 far below, NaN for NaN, in each lane', () => {
    const high = exp2NonPositive(f32x4(0, -0, -Infinity, NaN)), low = exp2NonPositive(f32x4(-127, -3.4e38, -1, -1e-45));
    expect<f32>(f32x4.extract_lane(high, 0)).toBe(1);
    expect<f32>(f32x4.extract_lane(high, 1)).toBe(1);
    expect<f32>(f32x4.extract_lane(high, 2)).toBe(0);
    expect<bool>(isNaN(f32x4.extract_lane(high, 3))).toBe(true);
    expect<f32>(f32x4.extract_lane(low, 0)).toBe(0);
    expect<f32>(f32x4.extract_lane(low, 1)).toBe(0);
    expect<f32>(f32x4.extract_lane(low, 2)).toBe(0.5);
    expect<f32>(f32x4.extract_lane(low, 3)).toBe(1);
  });
});
