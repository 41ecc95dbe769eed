// What the code of a model is, for people.
import type { CodeSpec } from 'latentgpu';

/** 64 numbers, each with a variance; 49 places, each one of 512 vectors of 64 numbers */
export function codeInWords(code: CodeSpec): string {
  if (code.kind === 'quantized')
    return `${code.units / code.dimensions} places, each one of ${code.codes} vectors of ${code.dimensions} numbers`;
  return `${code.units} numbers, ${code.kind === 'gaussian' ? 'each with a variance' : 'without a prior'}`;
}
