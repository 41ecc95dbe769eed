// Every error that latentgpu throws on purpose. One class per kind of cause, so that a caller can tell "you gave me
// something wrong" from "this machine cannot do it" without reading the text. A message names the thing, what it is,
// what it must be, and what to do.

/** Base class: `instanceof LatentGpuError` is true for every error thrown on purpose. */
export class LatentGpuError extends Error {
  // Written out in each class: a minifier renames classes, and a person still wants to read the name.
  /** The name of the class, also after minification. */
  override readonly name: string = 'LatentGpuError';
}

/** A value that the caller passed is not acceptable (a model spec, an option, a tensor's length). */
export class ArgumentError extends LatentGpuError {
  override readonly name = 'ArgumentError';
}

/** A file or a byte array is not what its format says (IDX, safetensors). */
export class FormatError extends LatentGpuError {
  override readonly name = 'FormatError';
}

/** A graph cannot be built or differentiated: shapes disagree, or a parameter does not reach the loss. */
export class GraphError extends LatentGpuError {
  override readonly name = 'GraphError';
}

/** This machine or adapter cannot do what was asked: no adapter, a limit exceeded, a device lost. */
export class DeviceError extends LatentGpuError {
  override readonly name = 'DeviceError';
}

/** A shader did not compile; the message points at the line in shaders/. */
export class ShaderError extends LatentGpuError {
  override readonly name = 'ShaderError';
}

/** Training cannot go on: the loss or a weight is not a finite number, or every gradient overflows f16. */
export class TrainingError extends LatentGpuError {
  override readonly name = 'TrainingError';

  /** @param step the last step, counted from 1, that went into what is not finite */
  constructor(
    message: string,
    readonly step?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
