import { afterEach, describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { createRuntimeSync } from '../../src/runtime/load.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { simdModule } from './binaries.ts';

const runtime = createRuntimeSync({ module: simdModule() });
const made: Tensor[] = [];

/** A tensor of four floats, one block of 16 bytes, freed after the test whatever happened to it. */
function four(value = 0): Tensor {
  const tensor = Tensor.from(runtime, Float32Array.of(value, value, value, value));
  made.push(tensor);
  return tensor;
}

afterEach(() => {
  for (const tensor of made.splice(0)) tensor.dispose();
  expect(runtime.memory.usedBytes).toBe(0);
});

describe('a scope keeps what it returns and frees the rest', () => {
  it('a tensor', () => {
    const kept = runtime.scope(() => {
      four(1);
      const result = four(2);
      four(3);
      return result;
    });
    expect(runtime.memory.usedBytes).toBe(16);
    expect(kept.toArray()).toEqual(new Float32Array(4).fill(2));
  });

  it('an array', () => {
    const kept = runtime.scope(() => [four(1), four(2), four(3)].slice(1));
    expect(kept.map(({ disposed }) => disposed)).toEqual([false, false]);
    expect(runtime.memory.usedBytes).toBe(32);
  });

  it('a map', () => {
    const kept = runtime.scope(() => new Map([['a', four(four(1).size)]]));
    expect(kept.get('a')!.toArray()[0]).toBe(4);
    expect(runtime.memory.usedBytes).toBe(16);
  });

  it('nested objects, arrays and maps, beside values of other kinds', () => {
    const kept = runtime.scope(() => {
      four(9);
      const states = [{ hidden: four(1), cell: four(2) }, null, undefined];
      const named = new Map<string, unknown>([['list', [four(3)]]]);
      return {
        states,
        named,
        loss: 0.5,
        name: 'x',
        scores: new Float32Array(3),
        when: new Date(0),
        none: null,
      };
    });
    expect(runtime.memory.usedBytes).toBe(48);
    expect(kept.states[0]!.cell.toArray()[0]).toBe(2);
  });

  it('a bare block', () => {
    const { storage } = runtime.scope(() => {
      four(1);
      return { storage: runtime.allocate(16) };
    });
    expect([storage.disposed, runtime.memory.usedBytes]).toEqual([false, 16]);
    storage.dispose();
  });

  it('a view, which keeps its block whole', () => {
    const view = runtime.scope(() => four(5).reshape([2, 2]).slice(1, 2));
    expect(view.toArray()).toEqual(Float32Array.of(5, 5));
    expect(runtime.memory.usedBytes).toBe(16);
  });

  it('the same tensor twice, once', () => {
    runtime.scope(() => {
      const tensor = four(1);
      return [tensor, tensor, tensor.at(0)];
    });
    expect(runtime.memory.usedBytes).toBe(16);
  });

  it.each([undefined, null, 3, 'text', true])('nothing of the result %j', (result) => {
    const returned = runtime.scope(() => {
      four(1);
      return result;
    });
    expect(returned).toBe(result);
    expect(runtime.memory.usedBytes).toBe(0);
  });
});

describe('a scope leaves alone', () => {
  it('what was made outside, returned or not', () => {
    const outside = four(1);
    const returned = runtime.scope(() => outside);
    runtime.scope(() => four(2));
    expect(returned).toBe(outside);
    expect(outside.disposed).toBe(false);
  });

  it('what was disposed inside, even when its block has a new owner', () => {
    const kept = runtime.scope(() => {
      four(1).dispose();
      return four(2);
    });
    expect(kept.toArray()[0]).toBe(2);
    expect(runtime.memory.usedBytes).toBe(16);
  });
});

describe('a scope that throws', () => {
  it('frees everything made in it and passes the error on', () => {
    const failure = new Error('failed');
    let inside: Tensor | undefined;
    expect(() =>
      runtime.scope(() => {
        inside = four(1);
        throw failure;
      }),
    ).toThrow(failure);
    expect(inside!.disposed).toBe(true);
    expect(runtime.memory.usedBytes).toBe(0);
  });

  it('is over: what is made afterwards belongs to the caller', () => {
    expect(() =>
      runtime.scope(() => {
        throw new Error('failed');
      }),
    ).toThrow('failed');
    const later = four(1);
    runtime.scope(() => four(2).dispose());
    expect(later.disposed).toBe(false);
  });

  it('frees the inner scopes and leaves the outer scope its own', () => {
    const kept = runtime.scope(() => {
      const own = four(1);
      expect(() =>
        runtime.scope(() => {
          runtime.scope(() => four(2));
          four(3);
          throw new Error('failed');
        }),
      ).toThrow('failed');
      expect(runtime.memory.usedBytes).toBe(16);
      return own;
    });
    expect(kept.disposed).toBe(false);
  });
});

describe('nested scopes', () => {
  it('pass their result to the enclosing scope, which frees it unless it returns it too', () => {
    const kept = runtime.scope(() => {
      const dropped = runtime.scope(() => four(1));
      const passed = runtime.scope(() => runtime.scope(() => four(2)));
      expect(runtime.memory.usedBytes).toBe(32);
      expect([dropped.disposed, passed.disposed]).toEqual([false, false]);
      return passed;
    });
    expect(runtime.memory.usedBytes).toBe(16);
    expect(kept.toArray()[0]).toBe(2);
  });

  it('free their own while the outer scope goes on', () => {
    runtime.scope(() => {
      four(1);
      for (let i = 0; i < 100; i++) {
        runtime.scope(() => {
          four(2);
        });
      }
      expect(runtime.memory.usedBytes).toBe(16);
    });
  });

  it('a tensor of the outer scope returned by the inner one still belongs to the outer', () => {
    runtime.scope(() => {
      const own = four(1);
      expect(runtime.scope(() => own)).toBe(own);
      expect(own.disposed).toBe(false);
    });
    expect(runtime.memory.usedBytes).toBe(0);
  });
});

describe('an async body', () => {
  const asynchronous = new ArgumentError('scope: the body must be synchronous, got an async function');

  it('is refused, and what it made is freed', () => {
    expect(() => runtime.scope(async () => four(1))).toThrow(asynchronous);
    expect(runtime.memory.usedBytes).toBe(0);
  });

  it('is refused without leaving an unhandled rejection behind', async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): void => {
      unhandled.push(reason);
    };
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', listen);
    try {
      const body = async (): Promise<void> => {
        const tensor = four(1);
        await null;
        tensor.toArray();
      };
      expect(() => runtime.scope(body)).toThrow(asynchronous);
      await new Promise((resolve) => setTimeout(resolve, 5));
    } finally {
      process.off('unhandledRejection', listen);
      for (const other of others) process.on('unhandledRejection', other);
    }
    expect(unhandled).toEqual([]);
  });
});

it('ten thousand scopes leave the memory where it was', () => {
  const step = (): void => {
    runtime.scope(() => Tensor.zeros(runtime, [1000])).dispose();
  };
  step();
  const { capacityBytes } = runtime.memory;
  for (let i = 0; i < 10_000; i++) step();
  expect(runtime.memory.capacityBytes).toBe(capacityBytes);
});
