import { describe, expect, it } from 'vitest';
import { ArgumentError, FormatError } from '../../src/errors.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { entry, fileOf } from './safetensorsBytes.ts';

function rejection(file: Uint8Array): FormatError {
  try {
    readSafetensors(file);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return error as FormatError;
  }
  throw new Error('expected the file to be rejected');
}

describe('readSafetensors accepts', () => {
  it('the example of the reference library, as views of the file', () => {
    const file = fileOf('{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}', 16);
    const source = readSafetensors(file);
    const tensor = source.get('test')!;
    expect(source.names()).toEqual(['test']);
    expect(tensor).toMatchObject({ dtype: 'I32', shape: [2, 2] });
    expect(tensor.bytes).toEqual(file.slice(-16));
    expect(tensor.bytes.buffer).toBe(file.buffer);
    expect(source.get('tes')).toBeUndefined();
  });

  it('an ArrayBuffer, a Node Buffer, and a file at an odd address', () => {
    const file = fileOf(`{${entry('x', 'F32', [2], 0, 8)}}`, 8);
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    for (const given of [file.slice().buffer, Buffer.from(file), shifted.subarray(3)]) {
      const { bytes } = readSafetensors(given).get('x')!;
      expect(bytes).toEqual(file.slice(-8));
      expect(bytes.constructor).toBe(Uint8Array);
    }
  });

  it('a header without tensors, with and without padding', () => {
    expect(readSafetensors(fileOf('{}')).names()).toEqual([]);
    expect(readSafetensors(fileOf('{}      ')).names()).toEqual([]);
  });

  it('space between tokens, as Python writes it', () => {
    const source = readSafetensors(
      fileOf(
        '{\n "a" :\t{"shape": [ 1 , 2 ], "data_offsets": [0, 2],\r\n"dtype": "U8"} , "b": {"dtype":"I8","shape":[ ],"data_offsets":[2,3]}}',
        3,
      ),
    );
    expect(source.names()).toEqual(['a', 'b']);
    expect(source.get('b')!.shape).toEqual([]);
  });

  it('tensors in any order of the header, and keeps that order', () => {
    const source = readSafetensors(
      fileOf(`{${entry('z', 'U8', [2], 3, 5)},${entry('a', 'U8', [3], 0, 3)}}`, 5),
    );
    expect(source.names()).toEqual(['z', 'a']);
    expect([...source.get('z')!.bytes]).toEqual([3, 4]);
  });

  it('the metadata strings, whatever their keys', () => {
    const source = readSafetensors(
      fileOf('{"__metadata__":{"format":"pt","__proto__":"p","\\u0061\\n":"\\ud83d\\ude00","":""}}'),
    );
    expect(Object.entries(source.metadata)).toEqual([
      ['format', 'pt'],
      ['__proto__', 'p'],
      ['a\n', '😀'],
      ['', ''],
    ]);
    expect(source.metadata.constructor).toBeUndefined();
    expect(Object.keys(readSafetensors(fileOf('{}')).metadata)).toEqual([]);
  });

  it('tensors named like the members of an object', () => {
    const names = ['__proto__', 'constructor', 'toString', '', '10', '2'];
    const source = readSafetensors(
      fileOf(`{${names.map((name, i) => entry(name, 'U8', [1], i, i + 1))}}`, names.length),
    );
    expect(source.names()).toEqual(names);
    for (const [i, name] of names.entries()) expect([...source.get(name)!.bytes]).toEqual([i]);
    expect(readSafetensors(fileOf('{}')).get('constructor')).toBeUndefined();
  });

  it('an empty tensor at the start, between two others and at the end, as the reference library writes them', () => {
    const header = [
      entry('start', 'F32', [0], 0, 0),
      entry('a', 'F32', [1], 0, 4),
      entry('between', 'F32', [3, 0], 4, 4),
      entry('b', 'F32', [], 4, 8),
      entry('end', 'F16', [0, 5], 8, 8),
    ];
    for (const order of [header, [...header].reverse()]) {
      const source = readSafetensors(fileOf(`{${order}}`, 8));
      expect(source.get('between')).toMatchObject({ shape: [3, 0], bytes: new Uint8Array(0) });
      expect([...source.get('b')!.bytes]).toEqual([4, 5, 6, 7]);
    }
    expect(readSafetensors(fileOf(`{${entry('only', 'F64', [0], 0, 0)}}`)).get('only')!.bytes.length).toBe(0);
  });
});

describe('readSafetensors rejects', () => {
  const x = (fields: string): string => `{"x":{${fields}}}`;
  const good = '"dtype":"U8","shape":[4],"data_offsets":[0,4]';
  const header: [title: string, file: Uint8Array, message: RegExp][] = [
    ['an empty file', new Uint8Array(0), /at least 8 bytes.*has 0/],
    ['a file of 7 bytes', new Uint8Array(7), /at least 8 bytes.*has 7/],
    ['a header of length 0', fileOf('', 4), /expected \{ as the first/],
    [
      'a header of length 0 before a brace',
      fileOf('', new Uint8Array([0x7b, 0x7d])),
      /expected \{ as the first/,
    ],
    ['a header beyond the file', fileOf('{}', 0, 3n), /its length is 3 bytes, only 2 follow/],
    ['a header above 100 MB', fileOf('{}', 0, 100_000_001n), /100000001 bytes, expected at most 100000000/],
    ['a header of 2^64 - 1 bytes', fileOf('{}', 0, 2n ** 64n - 1n), /expected at most/],
    ['a header of 2^32 + 2 bytes', fileOf('{}', 0, 2n ** 32n + 2n), /expected at most/],
    ['a space before the brace', fileOf(' {}'), /expected \{ as the first/],
    ['a byte order mark', fileOf('\ufeff{}'), /expected \{ as the first/],
    ['a list', fileOf('[]'), /expected \{ as the first/],
    ['invalid UTF-8', fileOf(new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d])), /UTF-8/],
    ['overlong UTF-8', fileOf(new Uint8Array([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x7d])), /UTF-8/],
    ['a surrogate in UTF-8', fileOf(new Uint8Array([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x7d])), /UTF-8/],
    ['no closing brace', fileOf('{'), /expected a key/],
    ['a trailing comma', fileOf(`{${entry('x', 'U8', [1], 0, 1)},}`, 1), /expected a key/],
    ['a newline after the brace', fileOf('{}\n'), /only spaces/],
    ['a zero byte after the brace', fileOf('{}\0'), /only spaces/],
    ['a second object', fileOf('{}{}'), /only spaces/],
    ['data without tensors', fileOf('{}', 3), /bytes 0 to 3 at the end/],
    ['a key without quotes', fileOf('{x:1}'), /expected a key/],
  ];
  it.each(header)('%s, naming the header', (_, file, message) => {
    const error = rejection(file);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/header/);
  });

  const tensor: [title: string, header: string, message: RegExp][] = [
    ['syntax: no colon', '{"x" 1}', /expected : after the key "x"/],
    ['syntax: no comma', x('"dtype":"U8" "shape":[4]'), /expected , or \}/],
    ['syntax: comma at the end of a list', x('"shape":[4,]'), /expected a JSON value/],
    ['syntax: brackets crossed', x('"shape":[4}'), /expected , or \]/],
    ['syntax: string without end', '{"x":"abc', /string without an end/],
    ['syntax: string ending in a backslash', '{"x":"abc\\', /string without an end/],
    ['syntax: bad escape', '{"x":"\\x"}', /invalid escape/],
    ['syntax: half a surrogate pair', '{"x":"\\ud800"}', /surrogate/],
    ['syntax: control character', '{"x":"a\nb"}', /control character/],
    ['syntax: NaN', '{"x":NaN}', /expected a JSON value/],
    ['syntax: leading zero', x('"shape":[04]'), /expected a JSON value/],
    ['syntax: plus sign', x('"shape":[+4]'), /expected a JSON value/],
    ['syntax: an endless number', x(`"shape":[${'9'.repeat(1e6)}]`), /expected a JSON value/],
    ['too deep lists', `{"x":${'['.repeat(1e6)}`, /nested deeper than 3/],
    ['too deep objects', `{"x":${'{"a":'.repeat(1e6)}`, /nested deeper than 3/],
    ['a list in a shape', x('"shape":[[4]]'), /nested deeper than 3/],
    ['an entry that is a string', '{"x":"y"}', /expected an object.*got "y"/],
    ['an entry that is null', '{"x":null}', /expected an object.*got null/],
    ['an entry that is a list', '{"x":[1,2]}', /expected an object.*got a list of 2/],
    ['duplicate tensors', `{"x":{${good}},"x":{${good}}}`, /duplicate key "x"/],
    ['duplicate tensors under an escape', `{"x":{${good}},"\\u0078":{${good}}}`, /duplicate key "x"/],
    ['duplicate fields', x(`${good},"dtype":"U8"`), /duplicate key "dtype"/],
    ['duplicate fields under an escape', x(`${good},"\\u0064type":"U8"`), /duplicate key "dtype"/],
    ['a missing dtype', x('"shape":[4],"data_offsets":[0,4]'), /dtype is missing/],
    ['a missing shape', x('"dtype":"U8","data_offsets":[0,4]'), /shape is missing/],
    ['missing data_offsets', x('"dtype":"U8","shape":[4]'), /data_offsets is missing/],
    ['an unknown field', x(`${good},"strides":[1]`), /unknown field "strides"/],
    ['an unknown field like a member of an object', x(`${good},"__proto__":{}`), /unknown field "__proto__"/],
    ['an unknown dtype', x('"dtype":"F12","shape":[4],"data_offsets":[0,4]'), /dtype is "F12"/],
    ['a dtype in lower case', x('"dtype":"u8","shape":[4],"data_offsets":[0,4]'), /dtype is "u8"/],
    [
      'a dtype like a member of an object',
      x('"dtype":"constructor","shape":[4],"data_offsets":[0,4]'),
      /dtype is "con/,
    ],
    ['a dtype that is a number', x('"dtype":8,"shape":[4],"data_offsets":[0,4]'), /dtype is 8/],
    [
      'a shape that is a number',
      x('"dtype":"U8","shape":4,"data_offsets":[0,4]'),
      /shape expected a list.*got 4/,
    ],
    ...['-1', '-0', '1.0', '4e0', '1.5', '9007199254740992', '1e400', 'null', 'true', '"4"'].map(
      (element): [string, string, RegExp] => [
        `${element} in a shape`,
        x(`"dtype":"U8","shape":[2,${element}],"data_offsets":[0,4]`),
        /shape\[1\] is .*, expected an integer from 0 below 2\^53/,
      ],
    ),
    ...['-1', '-0', '4.0', '4e0', '9007199254740992', '18446744073709551616', 'null', '"4"'].map(
      (element): [string, string, RegExp] => [
        `${element} in data_offsets`,
        x(`"dtype":"U8","shape":[4],"data_offsets":[0,${element}]`),
        /data_offsets\[1\] is .*, expected an integer from 0 below 2\^53/,
      ],
    ),
    [
      'a shape beyond 2^53',
      x('"dtype":"U8","shape":[94906266,94906266],"data_offsets":[0,4]'),
      /2\^53 bytes or more/,
    ],
    [
      'a shape that wraps to its size at 2^64',
      x('"dtype":"U8","shape":[4294967297,4294967300],"data_offsets":[0,4]'),
      /2\^53/,
    ],
    [
      'an overflow beside a 0',
      x('"dtype":"U8","shape":[9007199254740991,9007199254740991,0],"data_offsets":[0,4]'),
      /2\^53/,
    ],
    ['one offset', x('"dtype":"U8","shape":[4],"data_offsets":[0]'), /expected 2 integers, got a list of 1/],
    [
      'three offsets',
      x('"dtype":"U8","shape":[4],"data_offsets":[0,4,4]'),
      /expected 2 integers, got a list of 3/,
    ],
    [
      'offsets that are an object',
      x('"dtype":"U8","shape":[4],"data_offsets":{}'),
      /expected 2 integers, got an object/,
    ],
    ['offsets the wrong way', x('"dtype":"U8","shape":[4],"data_offsets":[4,0]'), /end before they begin/],
    [
      'offsets beyond the data',
      x('"dtype":"U8","shape":[5],"data_offsets":[0,5]'),
      /beyond the 4 bytes of data/,
    ],
    [
      'a size that is not of the shape',
      x('"dtype":"U8","shape":[3],"data_offsets":[0,4]'),
      /takes 3 bytes.*give 4/,
    ],
    [
      'a size that is not of the dtype',
      x('"dtype":"F32","shape":[4],"data_offsets":[0,4]'),
      /takes 16 bytes.*give 4/,
    ],
    [
      'a scalar without bytes',
      `{"x":{"dtype":"U8","shape":[],"data_offsets":[0,0]},${entry('y', 'U8', [4], 0, 4)}}`,
      /takes 1 bytes.*give 0/,
    ],
    [
      'bytes for an empty shape',
      x('"dtype":"U8","shape":[4,0],"data_offsets":[0,4]'),
      /takes 0 bytes.*give 4/,
    ],
    [
      'a hole at the start',
      x('"dtype":"U8","shape":[3],"data_offsets":[1,4]'),
      /bytes 0 to 1 before it belong to no/,
    ],
    [
      'a hole between',
      `{${entry('y', 'U8', [1], 0, 1)},${entry('x', 'U8', [2], 2, 4)}}`,
      /bytes 1 to 2 before it/,
    ],
    [
      'the same bytes twice',
      `{${entry('y', 'U8', [4], 0, 4)},${entry('x', 'U8', [4], 0, 4)}}`,
      /overlap tensor "y"/,
    ],
    [
      'an overlap by one byte',
      `{${entry('x', 'U8', [2], 2, 4)},${entry('y', 'U8', [3], 0, 3)}}`,
      /overlap tensor "y"/,
    ],
    [
      'a tensor within another',
      `{${entry('y', 'U8', [4], 0, 4)},${entry('x', 'U8', [1], 1, 2)}}`,
      /overlap tensor "y"/,
    ],
    [
      'an empty tensor within another',
      `{${entry('y', 'U8', [4], 0, 4)},${entry('x', 'U8', [0], 2, 2)}}`,
      /overlap tensor "y"/,
    ],
    [
      'two empty tensors at one offset',
      `{${entry('y', 'U8', [0], 0, 0)},${entry('x', 'F32', [0], 0, 0)},${entry('z', 'U8', [4], 0, 4)}}`,
      /shares the offset 0 with the empty tensor "y"/,
    ],
    [
      'two empty tensors at the end',
      `{${entry('z', 'U8', [4], 0, 4)},${entry('y', 'U8', [0], 4, 4)},${entry('x', 'F32', [0], 4, 4)}}`,
      /shares the offset 4/,
    ],
    [
      'an empty tensor beyond the end',
      `{${entry('z', 'U8', [4], 0, 4)},${entry('x', 'U8', [0], 5, 5)}}`,
      /beyond the 4 bytes/,
    ],
  ];
  it.each(tensor)('%s, naming the tensor', (_, text, message) => {
    const error = rejection(fileOf(text, 4));
    expect(error.message).toMatch(message);
    expect(error.message).toContain('tensor "x"');
    expect(error.message.length).toBeLessThan(1000);
  });

  it.each([
    ['a list', '{"__metadata__":[]}', /got a list of 0/],
    ['null', '{"__metadata__":null}', /got null/],
    ['a number among its values', '{"__metadata__":{"epoch":3}}', /expected a string for "epoch", got 3/],
    ['an object among its values', '{"__metadata__":{"a":{}}}', /expected a string for "a", got an object/],
    ['a duplicate key', '{"__metadata__":{"a":"1","\\u0061":"2"}}', /duplicate key "a"/],
    ['a second metadata', '{"__metadata__":{},"__metadata__":{}}', /duplicate key "__metadata__"/],
  ])('metadata that is or has %s, naming it', (_, text, message) => {
    const error = rejection(fileOf(text));
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^__metadata__: /);
  });

  it('every truncation and every extension of a good file', () => {
    const file = fileOf(
      `{"__metadata__":{"a":"b"},${entry('x', 'F32', [2], 0, 8)},${entry('y', 'U8', [3], 8, 11)}}`,
      11,
    );
    readSafetensors(file);
    for (let length = 0; length < file.length; length++) rejection(file.slice(0, length));
    const longer = new Uint8Array(file.length + 1);
    longer.set(file);
    expect(rejection(longer).message).toMatch(/bytes 11 to 12 at the end/);
  });

  it('all problems at once, the first twenty in full', () => {
    const two = rejection(
      fileOf(`{${entry('a', 'F12', [1], 0, 4)},${entry('b', 'F32', [2], 0, 4)},"c":1}`, 4),
    );
    expect(two.problems).toHaveLength(3);
    expect(two.problems.map((problem) => problem.slice(0, 10))).toEqual([
      'tensor "a"',
      'tensor "b"',
      'tensor "c"',
    ]);

    const entries = Array.from({ length: 100 }, (_, i) => `"t${i}":${i}`);
    const many = rejection(fileOf(`{${entries}}`));
    expect(many.problems).toHaveLength(21);
    expect(many.problems[20]).toBe('and 80 further problems');
  });

  it('every tensor that overlaps the same one, small ones within it first', () => {
    const { problems } = rejection(
      fileOf(
        `{${entry('y', 'U8', [4], 0, 4)},${entry('a', 'U8', [1], 1, 2)},${entry('x', 'U8', [2], 2, 4)}}`,
        4,
      ),
    );
    expect(problems).toEqual([
      'tensor "a": data_offsets [1, 2] overlap tensor "y" at [0, 4]',
      'tensor "x": data_offsets [2, 4] overlap tensor "y" at [0, 4]',
    ]);
  });

  it('a name of a megabyte with a short message', () => {
    const { message } = rejection(fileOf(`{"${'n'.repeat(1e6)}":1}`));
    expect(message).toMatch(/^tensor "nnn/);
    expect(message.length).toBeLessThan(300);
  });

  it('what is not bytes', () => {
    for (const wrong of ['{}', null, undefined, 3, [1, 2], new Uint16Array(8)]) {
      expect(() => readSafetensors(wrong as never)).toThrow(ArgumentError);
    }
  });
});

describe('readSafetensors takes linear time', () => {
  const milliseconds = (file: Uint8Array, outcome: (file: Uint8Array) => void): number => {
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 3; run++) {
      const start = performance.now();
      outcome(file);
      best = Math.min(best, performance.now() - start);
    }
    return best;
  };
  const manyTensors = (count: number): Uint8Array =>
    fileOf(
      `{${Array.from({ length: count }, (_, i) => entry(`model.layer.${(i * 7919) % count}.weight`, 'F32', [1], 4 * i, 4 * i + 4))}}`,
      4 * count,
    );
  const allOverlap = (count: number): Uint8Array =>
    fileOf(`{${Array.from({ length: count }, (_, i) => entry(`t${i}`, 'F32', [1], 0, 4))}}`, 4);
  const allTheSame = (count: number): Uint8Array =>
    fileOf(`{${Array.from({ length: count }, () => entry('same', 'F32', [1], 0, 4))}}`, 4);

  it.each([
    ['100,000 good tensors', manyTensors, (file: Uint8Array) => void readSafetensors(file)],
    ['100,000 tensors at one place', allOverlap, (file: Uint8Array) => void rejection(file)],
    ['100,000 tensors of one name', allTheSame, (file: Uint8Array) => void rejection(file)],
  ])('for %s', (title, build, outcome) => {
    const quarter = milliseconds(build(25_000), outcome);
    const whole = milliseconds(build(100_000), outcome);
    console.log(`${title}: ${whole.toFixed(0)} ms, a quarter of them ${quarter.toFixed(0)} ms`);
    // Quadratic time would be 16 times the quarter's; the constant forgives a busy machine.
    expect(whole).toBeLessThan(9 * quarter + 100);
  });

  it('and finds each of the 100,000', () => {
    const source = readSafetensors(manyTensors(100_000));
    expect(source.names()).toHaveLength(100_000);
    expect(new DataView(source.get('model.layer.7919.weight')!.bytes.buffer).byteLength).toBeGreaterThan(
      400_000,
    );
    for (const name of source.names()) if (source.get(name)!.bytes.length !== 4) throw new Error(name);
  });
});
