/** What a file of weights holds, by its header alone: the tensors stay where they are. */
import { openModelFolder } from 'heed/pretrained';

export interface TensorRow {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly parameters: number;
}

export interface Inspection {
  readonly name: string;
  /** Of the file. */
  readonly bytes: number;
  readonly parameters: number;
  readonly tensors: readonly TensorRow[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** @throws FormatError listing what is wrong with the file */
export async function inspect(file: File): Promise<Inspection> {
  const folder = await openModelFolder({ 'model.safetensors': file });
  const checkpoint = await folder.checkpoint();
  const tensors = checkpoint.names().map((name) => {
    const { dtype, shape } = checkpoint.info(name)!;
    return { name, dtype, shape, parameters: shape.reduce((product, extent) => product * extent, 1) };
  });
  return {
    name: file.name,
    bytes: file.size,
    parameters: tensors.reduce((sum, { parameters }) => sum + parameters, 0),
    tensors,
    metadata: { ...checkpoint.metadata },
  };
}
