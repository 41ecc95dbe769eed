// Dispatches to compute pipelines, each compiled once. A shader that does not compile is reported at the line of the file
// in shaders/ that a person edits.
import { ShaderError } from '../errors.js';
import type { Access } from '../kernels/kernel.js';
import type { ShaderSource } from '../kernels/shader.js';
import type { Dispatch } from '../plan/plan.js';
import type { Device } from './device.js';

const BUFFER_TYPES: Record<Access, GPUBufferBindingType> = {
  uniform: 'uniform',
  read: 'read-only-storage',
  write: 'storage',
  read_write: 'storage',
};

/** What goes before the sources: extensions, and the constants that WGSL wants at compile time; one line each. */
function headerLines({ enables, header }: Dispatch): string[] {
  return [
    ...enables.map((name) => `enable ${name};`),
    ...Object.entries(header).map(([name, value]) => `const ${name}: u32 = ${value}u;`),
  ];
}

/** The exact WGSL that the device gets for a dispatch. */
export function moduleText(dispatch: Dispatch): string {
  return [...headerLines(dispatch), ...dispatch.sources.map((source) => source.code)].join('\n');
}

/** Where a line of `moduleText` (from 1) comes from: a file below shaders/ and its line, or the generated header. */
export function originOf(dispatch: Dispatch, line: number): { file: string; line: number } {
  let rest = line - headerLines(dispatch).length;
  if (rest <= 0) return { file: `header of ${dispatch.kernel}`, line };
  for (const source of dispatch.sources) {
    const origin = source.origin[rest - 1];
    if (origin) return { file: `shaders/${source.files[origin[0]] ?? source.file}`, line: origin[1] };
    rest -= source.origin.length;
  }
  return { file: dispatch.kernel, line };
}

const ofDevice = new WeakMap<GPUDevice, Pipelines>();

/** The device's pipelines: models and trainers on one device share what was compiled. After a renewal there are none. */
export function pipelinesOf(device: Device): Pipelines {
  const known = ofDevice.get(device.gpu) ?? new Pipelines(device);
  ofDevice.set(device.gpu, known);
  return known;
}

export class Pipelines {
  private readonly modules = new Map<string, Promise<GPUShaderModule>>();
  private readonly pipelines = new Map<string, Promise<GPUComputePipeline>>();

  constructor(private readonly device: Device) {}

  /** @throws ShaderError if the dispatch's shader does not compile on this device */
  get(dispatch: Dispatch): Promise<GPUComputePipeline> {
    const key = JSON.stringify([
      dispatch.sources.map((source: ShaderSource) => source.file),
      headerLines(dispatch),
      dispatch.constants,
      dispatch.bindings.map((binding) => binding.access),
    ]);
    return cached(this.pipelines, key, () => this.compile(dispatch));
  }

  private async compile(dispatch: Dispatch): Promise<GPUComputePipeline> {
    const { gpu } = this.device;
    const code = moduleText(dispatch);
    const module = await cached(this.modules, code, () => this.module(dispatch, code));
    const bindGroupLayout = gpu.createBindGroupLayout({
      label: dispatch.kernel,
      entries: dispatch.bindings.map(({ access }, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: BUFFER_TYPES[access] },
      })),
    });
    try {
      return await gpu.createComputePipelineAsync({
        label: `${dispatch.label} ${dispatch.kernel}`,
        layout: gpu.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout] }),
        compute: { module, entryPoint: 'main', constants: dispatch.constants },
      });
    } catch (error) {
      const constants = JSON.stringify(dispatch.constants);
      throw new ShaderError(
        `kernel ${dispatch.kernel} ("${dispatch.label}", ${constants}) does not become a pipeline on ${this.device.adapter.name}: ` +
          `${error instanceof Error ? error.message : error}`,
        { cause: error },
      );
    }
  }

  private async module(dispatch: Dispatch, code: string): Promise<GPUShaderModule> {
    const { gpu } = this.device;
    // Without a scope of its own a compile error would count as the device's, and fail what comes next as well.
    gpu.pushErrorScope('validation');
    const module = gpu.createShaderModule({ label: dispatch.kernel, code });
    const scope = gpu.popErrorScope();
    const { messages } = await module.getCompilationInfo();
    const error = messages.find((message) => message.type === 'error');
    const invalid = await scope;
    if (error) throw new ShaderError(compileErrorText(dispatch, code, error));
    if (invalid) throw new ShaderError(`kernel ${dispatch.kernel}: ${invalid.message}`);
    return module;
  }
}

function compileErrorText(dispatch: Dispatch, code: string, message: GPUCompilationMessage): string {
  const { file, line } = originOf(dispatch, message.lineNum);
  const text = code.split('\n')[message.lineNum - 1] ?? '';
  const gutter = String(line).padStart(5);
  const caret = ' '.repeat(Math.max(message.linePos - 1, 0));
  return `${file}:${line}:${message.linePos} ${message.message}\n${gutter} | ${text}\n${' '.repeat(5)} | ${caret}^`;
}

/** One promise a key; a failure is not kept. */
function cached<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = map.get(key);
  if (known) return known;
  const made = make().catch((error: unknown) => {
    map.delete(key);
    throw error;
  });
  map.set(key, made);
  return made;
}
