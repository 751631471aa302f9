/** Writes ONNX models: a list of operators, their weights, one output. */
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

type Weights = Float32Array | Int8Array | Uint8Array | BigInt64Array;
type Attribute = number | readonly number[];

/** One operator. An empty input name means that an optional input is absent. */
export interface Operator {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly output: string;
  /** Whole numbers are written as INT, others as FLOAT, lists as INTS. */
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** 'com.microsoft' for onnxruntime's own operators. */
  readonly domain?: 'com.microsoft';
}

/** Sizes; by a name where they differ from run to run. */
export type Shape = readonly (number | string)[];

export interface Graph {
  readonly inputs: Readonly<Record<string, Shape>>;
  /** Inputs that hold integers, of 64 bits; the others are f32. */
  readonly integers?: readonly string[];
  readonly output: { readonly name: string; readonly shape: Shape };
  readonly weights: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Weights }>>;
  readonly operators: readonly Operator[];
}

const FLOAT = 1;
const INT64 = 7;
/** The first version with Gelu and LayerNormalization both. */
const OPSET = 20;
const IR_VERSION = 9;

function elementType(data: Weights): number {
  if (data instanceof Float32Array) return FLOAT;
  if (data instanceof Uint8Array) return 2;
  if (data instanceof Int8Array) return 3;
  return INT64;
}

function attribute(name: string, value: Attribute): object {
  if (typeof value !== 'number') return { name, ints: value, type: 7 };
  return Number.isInteger(value) ? { name, i: value, type: 2 } : { name, f: value, type: 1 };
}

function valueInfo(name: string, shape: Shape, elemType: number): object {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** The bytes of the model. The output is f32. */
export function writeModel({ inputs, integers = [], output, weights, operators }: Graph): Uint8Array {
  const schema = protobuf.loadSync(fileURLToPath(new URL('onnx.proto', import.meta.url)));
  const model = schema.lookupType('onnx.ModelProto');
  const message = {
    irVersion: IR_VERSION,
    opsetImport: [{ version: OPSET }, { domain: 'com.microsoft', version: 1 }],
    graph: {
      name: 'graph',
      node: operators.map(({ type, inputs, output, attributes = {}, domain = '' }) => ({
        input: inputs,
        output: [output],
        name: `${type} ${output}`,
        opType: type,
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
        domain,
      })),
      initializer: Object.entries(weights).map(([name, { shape, data }]) => ({
        name,
        dims: shape,
        dataType: elementType(data),
        rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
      input: Object.entries(inputs).map(([name, shape]) =>
        valueInfo(name, shape, integers.includes(name) ? INT64 : FLOAT),
      ),
      output: [valueInfo(output.name, output.shape, FLOAT)],
    },
  };
  return model.encode(model.fromObject(message)).finish();
}
