// A device of which one call goes wrong: the n-th buffer, bind group, submit, answer. What an invalid call does is Dawn's own
// doing wherever it can be made invalid; running out of memory, and promises that reject, are acted.
import type { Device } from '../../../src/gpu/device.js';

/** What can go wrong, and how. */
export const FAULTS = {
  createBuffer: ['validation', 'out of memory'],
  createBindGroup: ['validation', 'out of memory'],
  createBindGroupLayout: ['validation', 'out of memory'],
  createShaderModule: ['validation', 'out of memory'],
  createQuerySet: ['validation', 'out of memory'],
  submit: ['validation', 'out of memory'],
  createComputePipelineAsync: ['rejection'],
  createRenderPipelineAsync: ['rejection'],
  popErrorScope: ['rejection'],
  mapAsync: ['rejection'],
  onSubmittedWorkDone: ['rejection'],
} as const satisfies Record<string, readonly Kind[]>;

export type Operation = keyof typeof FAULTS;
type Kind = 'validation' | 'out of memory' | 'rejection';

/** The `nth` call (from 1) of an operation goes wrong. */
export interface Fault {
  operation: Operation;
  nth: number;
  kind: Kind;
}

/** The same call, made invalid. */
const INVALID: Partial<Record<string, (descriptor: never) => object>> = {
  createBuffer: (descriptor: GPUBufferDescriptor) => ({ ...descriptor, usage: 0 }),
  createBindGroup: (descriptor: GPUBindGroupDescriptor) => ({ ...descriptor, entries: [] }),
  createBindGroupLayout: ({ label, entries }: GPUBindGroupLayoutDescriptor) => ({
    label,
    entries: [...entries, ...entries],
  }),
  createShaderModule: ({ label }: GPUShaderModuleDescriptor) => ({ label, code: 'planted nonsense' }),
  createQuerySet: (descriptor: GPUQuerySetDescriptor) => ({ ...descriptor, count: 5000 }),
};

interface Scope {
  filter: GPUErrorFilter;
  planted: GPUError | null;
}

/** What is compiled once for all faulty devices of a device: only the engine believes that it compiles again. */
const compiled = new Map<string, object>();
const codeOf = new WeakMap<object, string>();

export class FaultyGpu {
  /** The device under test, but for the planted fault. */
  readonly device: Device;
  /** What the call that went wrong was for: its label. */
  failed: string | undefined;
  /** Buffers and query sets that exist. */
  readonly alive = new Set<object>();
  private planted: Fault | undefined;
  private counts = new Map<Operation, number>();
  private readonly scopes: Scope[] = [];

  constructor(private readonly real: Device) {
    const { gpu } = real;
    const queue = this.wrapped(gpu.queue, {
      submit: (commands: GPUCommandBuffer[]) => this.submit(commands),
      onSubmittedWorkDone: () => this.answer('onSubmittedWorkDone', '', () => gpu.queue.onSubmittedWorkDone()),
    });
    const make = (name: 'createBuffer' | 'createQuerySet' | 'createBindGroup' | 'createBindGroupLayout') =>
      ((descriptor: never) => this.make(name, descriptor)) as unknown;
    const faulty = this.wrapped(gpu, {
      queue,
      // The engine waits for it when something fails; it is not lost, so there is no need to wait.
      lost: Promise.resolve({ reason: 'unknown', message: '' }),
      pushErrorScope: (filter: GPUErrorFilter) => {
        this.scopes.push({ filter, planted: null });
        gpu.pushErrorScope(filter);
      },
      popErrorScope: () => this.pop(),
      createBuffer: make('createBuffer'),
      createQuerySet: make('createQuerySet'),
      createBindGroup: make('createBindGroup'),
      createBindGroupLayout: make('createBindGroupLayout'),
      createShaderModule: (descriptor: GPUShaderModuleDescriptor) => this.module(descriptor),
      createComputePipelineAsync: (descriptor: GPUComputePipelineDescriptor) =>
        this.answer('createComputePipelineAsync', descriptor.label ?? '', () => this.pipeline(descriptor)),
      createRenderPipelineAsync: (descriptor: GPURenderPipelineDescriptor) =>
        this.answer('createRenderPipelineAsync', descriptor.label ?? '', () =>
          gpu.createRenderPipelineAsync(descriptor),
        ),
    });
    this.device = Object.create(real, { gpu: { value: faulty } });
  }

  /** From now on a call goes wrong. */
  plant(fault: Fault): void {
    this.planted = fault;
    this.failed = undefined;
    this.count(new Map());
  }

  /** From now on calls are counted in `counts`. */
  count(counts: Map<Operation, number>): void {
    this.counts = counts;
  }

  /** Nothing goes wrong any more, and nothing is counted. */
  reset(): void {
    this.planted = undefined;
    this.count(new Map());
  }

  private wrapped<T extends object>(target: T, replaced: Record<string, unknown>): T {
    return new Proxy(target, {
      get(of, name) {
        if (typeof name === 'string' && name in replaced) return replaced[name];
        const value = Reflect.get(of, name);
        return typeof value === 'function' ? value.bind(of) : value;
      },
    });
  }

  /** How this call is to go wrong, if it is. */
  private fails(operation: Operation, label: string | undefined): Kind | undefined {
    const count = (this.counts.get(operation) ?? 0) + 1;
    this.counts.set(operation, count);
    if (this.planted?.operation !== operation || this.planted.nth !== count) return undefined;
    this.failed = label ?? '';
    return this.planted.kind;
  }

  private make<T extends object & { label: string }>(operation: Operation, descriptor: { label?: string }): T {
    const gpu = this.real.gpu as unknown as Record<string, (descriptor: object) => T>;
    const call = (given: object) => gpu[operation]?.(given) as T;
    const kind = this.fails(operation, descriptor.label);
    const made = kind
      ? this.invalid(kind, () => call(INVALID[operation]?.(descriptor as never) ?? {}))
      : call(descriptor);
    if (operation === 'createBuffer' || operation === 'createQuerySet') this.track(made as never);
    return made;
  }

  /** An object that is no good, with Dawn's error for it or with one about memory. */
  private invalid<T>(kind: Kind, call: () => T): T {
    const scope = this.scopes.findLast(({ filter }) => filter === 'out-of-memory');
    if (kind === 'validation' || !scope) return call();
    scope.planted = new GPUOutOfMemoryError('planted');
    this.real.gpu.pushErrorScope('validation');
    const made = call();
    void this.real.gpu.popErrorScope();
    return made;
  }

  private track(made: GPUBuffer): void {
    this.alive.add(made);
    const destroy = made.destroy.bind(made);
    made.destroy = () => {
      this.alive.delete(made);
      destroy();
    };
    const map = made.mapAsync?.bind(made);
    if (map) made.mapAsync = (...args) => this.answer('mapAsync', made.label, () => map(...args));
  }

  private module(descriptor: GPUShaderModuleDescriptor): GPUShaderModule {
    const kind = this.fails('createShaderModule', descriptor.label);
    const { gpu } = this.real;
    if (kind)
      return this.invalid(kind, () =>
        gpu.createShaderModule(INVALID.createShaderModule?.(descriptor as never) as never),
      );
    const known = (compiled.get(descriptor.code) as GPUShaderModule) ?? gpu.createShaderModule(descriptor);
    compiled.set(descriptor.code, known);
    codeOf.set(known, descriptor.code);
    return known;
  }

  private async pipeline(descriptor: GPUComputePipelineDescriptor): Promise<GPUComputePipeline> {
    const { label, compute } = descriptor;
    const key = JSON.stringify([label, compute.constants, codeOf.get(compute.module)]);
    const known = compiled.get(key) ?? (await this.real.gpu.createComputePipelineAsync(descriptor));
    compiled.set(key, known);
    return known as GPUComputePipeline;
  }

  private answer<T>(operation: Operation, label: string, call: () => Promise<T>): Promise<T> {
    if (!this.fails(operation, label)) return call();
    const error = operation.includes('Pipeline')
      ? new GPUPipelineError('planted', { reason: 'validation' })
      : new DOMException('planted', 'OperationError');
    return Promise.reject(error);
  }

  private pop(): Promise<GPUError | null> {
    const scope = this.scopes.pop();
    const found = this.real.gpu.popErrorScope();
    return this.answer('popErrorScope', '', async () => (await found) ?? scope?.planted ?? null);
  }

  /** A submit that goes wrong is dropped whole, as WebGPU does it. */
  private submit(commands: GPUCommandBuffer[]): void {
    const { gpu } = this.real;
    const label = commands[0]?.label ?? '';
    const kind = this.fails('submit', label);
    if (!kind) gpu.queue.submit(commands);
    else
      this.invalid(kind, () => {
        const gone = gpu.createBuffer({ label: 'planted', size: 16, usage: GPUBufferUsage.COPY_DST });
        const encoder = gpu.createCommandEncoder({ label });
        encoder.clearBuffer(gone);
        gone.destroy();
        gpu.queue.submit([encoder.finish({ label })]);
      });
  }
}
