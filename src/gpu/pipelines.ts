// Dispatches to compute pipelines, each compiled once. A shader that does not compile is reported at the line of the file
// in shaders/ that a person edits.
import { ShaderError } from '../errors.js';
import type { Access, Constants } from '../kernels/kernel.js';
import type { ShaderSource } from '../kernels/shader.js';
import type { Dispatch } from '../plan/plan.js';
import type { Device } from './device.js';
import { faultError, lossTold, messageOf, scoped, watched } from './faults.js';

const BUFFER_TYPES: Record<Access, GPUBufferBindingType> = {
  uniform: 'uniform',
  read: 'read-only-storage',
  write: 'storage',
  read_write: 'storage',
};

/**
 * What a shader is told a dispatch's sizes by. constants: the compiler knows them, and a pipeline is good for these sizes
 * only. data: a uniform, bound after the dispatch's own bindings; layers share a pipeline. Software adapters compile a kernel
 * for longer than it runs in a short training, and are no faster for constants.
 */
export type SizesForm = 'constants' | 'data';

/** What goes before the sources: extensions, the constants that WGSL wants at compile time, types, the sizes; one line each. */
function headerLines({ enables, header, aliases = {}, sizes, bindings }: Dispatch, form: SizesForm): string[] {
  return [
    ...enables.map((name) => `enable ${name};`),
    ...Object.entries(header).map(([name, value]) => `const ${name}: u32 = ${value}u;`),
    ...Object.entries(aliases).map(([name, type]) => `alias ${name} = ${type};`),
    ...sizesLines(sizes, form, bindings.length),
  ];
}

function sizesLines(sizes: Constants, form: SizesForm, binding: number): string[] {
  const names = Object.keys(sizes);
  if (names.length === 0) return [];
  const values = Object.values(sizes).map((value) => `${value}u`);
  return [
    `struct Sizes { ${names.map((name) => `${name}: u32`).join(', ')} }`,
    form === 'constants'
      ? `const sizes = Sizes(${values.join(', ')});`
      : `@group(0) @binding(${binding}) var<uniform> sizes: Sizes;`,
  ];
}

/** What a dispatch is called in WebGPU's own messages. */
export const dispatchLabel = ({ label, kernel }: Dispatch): string => `${label} ${kernel}`;

/** The exact WGSL that the device gets for a dispatch. */
export function moduleText(dispatch: Dispatch, form: SizesForm): string {
  return [...headerLines(dispatch, form), ...dispatch.sources.map((source) => source.code)].join('\n');
}

/** Where a line of `moduleText` (from 1) comes from: a file below shaders/ and its line, or the generated header. */
export function originOf(dispatch: Dispatch, line: number): { file: string; line: number } {
  let rest = line - headerLines(dispatch, 'constants').length;
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

/** Whether a dispatch has one binding more than its own. */
export const bindsSizes = (sizes: Constants, form: SizesForm): boolean =>
  form === 'data' && Object.keys(sizes).length > 0;

export class Pipelines {
  private readonly modules = new Map<string, Promise<GPUShaderModule>>();
  private readonly pipelines = new Map<string, Promise<GPUComputePipeline>>();

  constructor(
    private readonly device: Device,
    readonly form: SizesForm = device.adapter.software ? 'data' : 'constants',
  ) {}

  /** @throws ShaderError if the dispatch's shader does not compile on this device */
  get(dispatch: Dispatch): Promise<GPUComputePipeline> {
    const key = JSON.stringify([
      dispatch.sources.map((source: ShaderSource) => source.file),
      headerLines(dispatch, this.form),
      dispatch.constants,
      dispatch.bindings.map((binding) => binding.access),
    ]);
    return cached(this.pipelines, key, () => this.compile(dispatch));
  }

  private async compile(dispatch: Dispatch): Promise<GPUComputePipeline> {
    const { gpu } = this.device;
    const code = moduleText(dispatch, this.form);
    const module = await cached(this.modules, code, () => this.module(dispatch, code));
    const layout = await watched(this.device, `the layout of kernel ${dispatch.kernel} ("${dispatch.label}")`, () =>
      this.layout(dispatch),
    );
    try {
      return await gpu.createComputePipelineAsync({
        label: dispatchLabel(dispatch),
        layout,
        compute: { module, entryPoint: 'main', constants: dispatch.constants },
      });
    } catch (error) {
      const what = `kernel ${dispatch.kernel} ("${dispatch.label}", ${JSON.stringify(dispatch.constants)})`;
      throw await pipelineError(this.device, what, error);
    }
  }

  private layout({ kernel, bindings, sizes }: Dispatch): GPUPipelineLayout {
    const { gpu } = this.device;
    const accesses = [
      ...bindings.map(({ access }) => access),
      ...(bindsSizes(sizes, this.form) ? ['uniform' as const] : []),
    ];
    const entries = accesses.map((access, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: BUFFER_TYPES[access] },
    }));
    const group = gpu.createBindGroupLayout({ label: kernel, entries });
    return gpu.createPipelineLayout({ label: kernel, bindGroupLayouts: [group] });
  }

  private async module(dispatch: Dispatch, code: string): Promise<GPUShaderModule> {
    const { gpu } = this.device;
    const { kernel } = dispatch;
    const { value: module, fault } = scoped(this.device, () => gpu.createShaderModule({ label: kernel, code }));
    const found = await fault;
    if (!found) return module;
    const { messages } = await module.getCompilationInfo();
    const error = messages.find((message) => message.type === 'error');
    if (error) throw new ShaderError(compileErrorText(dispatch, code, error));
    throw faultError(this.device, `the shader of kernel ${kernel} ("${dispatch.label}")`, found);
  }
}

/** Why there is no pipeline: the device was lost, or it does not take the shader. */
export async function pipelineError(device: Device, what: string, cause: unknown): Promise<Error> {
  if ((cause as Partial<GPUPipelineError>).reason !== 'validation') await lossTold(device);
  device.check();
  const text = `${what} does not become a pipeline on ${device.adapter.name}: ${messageOf(cause)}`;
  return new ShaderError(text, { cause });
}

/** Firefox and Deno (naga) also show the line, numbered as in the whole module, and come with a label that is empty. */
const saidOf = ({ message }: GPUCompilationMessage): string =>
  message
    .replace(/\n\s*┌─.*$/s, '')
    .replace(/^\s*Shader '.*?' parsing error:/, '')
    .trim();

function compileErrorText(dispatch: Dispatch, code: string, message: GPUCompilationMessage): string {
  const { file, line } = originOf(dispatch, message.lineNum);
  const text = code.split('\n')[message.lineNum - 1] ?? '';
  const gutter = String(line).padStart(5);
  const caret = ' '.repeat(Math.max(message.linePos - 1, 0));
  return `${file}:${line}:${message.linePos} ${saidOf(message)}\n${gutter} | ${text}\n${' '.repeat(5)} | ${caret}^`;
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
