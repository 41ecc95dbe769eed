// src/gpu/device.ts without a GPU: what it asks an adapter for and what it reports. Real devices
// are opened in test/cli/adapters.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeviceError } from '../../../src/errors.js';
import { deviceFromAdapter, openDevice, summarizeAdapter } from '../../../src/gpu/device.js';

const LIMITS = {
  maxBufferSize: 2 ** 33,
  maxStorageBufferBindingSize: 2 ** 31,
  maxComputeWorkgroupStorageSize: 49152,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupSizeX: 1024,
  maxComputeWorkgroupSizeY: 512,
  maxStorageBuffersPerShaderStage: 16,
  maxBindGroups: 8,
};

const INFO = {
  vendor: 'acme',
  architecture: 'anvil-3',
  device: 'acme-anvil-3000',
  description: 'ACME driver 1.2',
  subgroupMinSize: 16,
  subgroupMaxSize: 64,
  isFallbackAdapter: false,
};

class GPUValidationError {
  constructor(readonly message: string) {}
}

/** A stand-in for an adapter and the device it gives; `events` records what was done to the device. */
function fakeAdapter(info: Partial<typeof INFO> = {}, refuse = '') {
  const events: string[] = [];
  const requests: GPUDeviceDescriptor[] = [];
  let lose: (info: { reason: string; message: string }) => void = () => {};
  let report: (event: unknown) => void = () => {};
  const gpu = {
    limits: LIMITS,
    features: new Set(['subgroups', 'core-features-and-limits']),
    lost: new Promise((resolve) => {
      lose = resolve;
    }),
    addEventListener: (_type: string, listener: (event: unknown) => void) => {
      report = listener;
    },
    destroy: () => {
      events.push('destroy');
      lose({ reason: 'destroyed', message: 'destroyed by its owner' });
    },
  };
  const adapter = {
    info: { ...INFO, ...info },
    limits: LIMITS,
    features: new Set(['subgroups', 'shader-f16', 'texture-compression-bc']),
    requestDevice: async (descriptor: GPUDeviceDescriptor) => {
      if (refuse !== '') throw new Error(refuse);
      requests.push(descriptor);
      return gpu;
    },
  };
  return {
    adapter: adapter as unknown as GPUAdapter,
    events,
    requests,
    lose: (message: string) => lose({ reason: 'unknown', message }),
    report: (message: string) => report({ error: new GPUValidationError(message), preventDefault() {} }),
  };
}

/** @returns the message of the DeviceError that `action` throws or rejects with */
async function deviceError(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    assert.instance(error, DeviceError);
    return (error as DeviceError).message;
  }
  throw new Error('no DeviceError was thrown');
}

async function withGlobals(values: Record<string, unknown>, action: () => Promise<void>): Promise<void> {
  const before = Object.keys(values).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    await action();
  } finally {
    for (const [name, descriptor] of before) {
      Reflect.deleteProperty(globalThis, name);
      if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
    }
  }
}

test('asks for the largest sizes, and for the useful features that are offered', async () => {
  const fake = fakeAdapter();
  await deviceFromAdapter(fake.adapter);
  const { maxBindGroups, ...raised } = LIMITS;
  assert.equal(fake.requests[0]?.requiredLimits, raised, `all but maxBindGroups (${maxBindGroups})`);
  assert.equal(fake.requests[0]?.requiredFeatures, ['subgroups', 'shader-f16']);
});

test('withoutFeatures leaves a feature out', async () => {
  const fake = fakeAdapter();
  await deviceFromAdapter(fake.adapter, { withoutFeatures: ['subgroups'] });
  assert.equal(fake.requests[0]?.requiredFeatures, ['shader-f16']);
});

test('features and limits are the device’s own', async () => {
  const device = await deviceFromAdapter(fakeAdapter().adapter);
  assert.equal([...device.features], ['subgroups', 'core-features-and-limits']);
  assert.is(device.limits.maxBindGroups, 8);
});

test('an adapter of which Firefox hides everything is named after it', () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0';
  Object.defineProperty(globalThis, 'navigator', { value: { userAgent }, configurable: true });
  try {
    const info = { device: '', description: '', vendor: '', architecture: '', isFallbackAdapter: true };
    const { name, kind, software } = summarizeAdapter(fakeAdapter(info).adapter);
    assert.equal([name, kind, software], ["Firefox's adapter", 'other software', true]);
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
});

for (const [kind, name, info] of [
  ['hardware', 'acme-anvil-3000', {}],
  ['hardware', 'ACME driver 1.2', { device: '' }],
  ['hardware', 'acme anvil-3', { device: '', description: '' }],
  ['hardware', 'unnamed adapter', { device: '', description: '', vendor: '', architecture: '' }],
  ['lavapipe', 'llvmpipe: Mesa 25', { device: 'llvmpipe-llvm-15', description: 'llvmpipe: Mesa 25' }],
  ['swiftshader', 'ACME driver 1.2', { architecture: 'swiftshader' }],
  ['other software', 'ACME driver 1.2', { isFallbackAdapter: true }],
  ['other software', 'ACME driver 1.2', { architecture: 'warp' }],
] as const)
  test(`summary: ${kind} "${name}"`, () => {
    const summary = summarizeAdapter(fakeAdapter(info).adapter);
    assert.is(summary.kind, kind);
    assert.is(summary.name, name);
    assert.is(summary.software, kind !== 'hardware');
    assert.is(summary.backend, 'browser');
    assert.equal(summary.subgroupSizes, { min: 16, max: 64 });
  });

test('an adapter that gives no device is named, with the reason', async () => {
  const message = await deviceError(() => deviceFromAdapter(fakeAdapter({}, 'out of luck.').adapter));
  assert.match(message, /adapter "acme-anvil-3000" gives no device: out of luck\..*choose another adapter/);
});

test('check() is silent while all is well', async () => {
  (await deviceFromAdapter(fakeAdapter().adapter)).check();
});

test('check() throws the first uncaptured error, counts the others, and keeps throwing', async () => {
  const fake = fakeAdapter();
  const device = await deviceFromAdapter(fake.adapter);
  fake.report('binding 3 is missing');
  fake.report('a consequence');
  for (let i = 0; i < 2; i++) {
    const message = await deviceError(() => device.check());
    assert.match(message, '"acme-anvil-3000" reported validation error: binding 3 is missing (and 1 more after it)');
    assert.match(message, 'drops the whole submit');
  }
});

test('check() says that the device was lost and why', async () => {
  const fake = fakeAdapter();
  const device = await deviceFromAdapter(fake.adapter);
  fake.lose('the driver was reset');
  await null;
  const message = await deviceError(() => device.check());
  assert.match(message, /"acme-anvil-3000" was lost \(the driver was reset\).*Open a new device/);
});

test('dispose() destroys once; check() tells of it afterwards, whatever happens later', async () => {
  const fake = fakeAdapter();
  const device = await deviceFromAdapter(fake.adapter);
  device.dispose();
  device.dispose();
  await null;
  fake.report('a late error');
  assert.is(
    await deviceError(() => device.check()),
    'the device was disposed, and its memory with it: open a new one with openDevice; await what is under way before dispose()',
  );
  assert.equal(fake.events, ['destroy']);
});

for (const [title, globals, expected] of [
  ['no browser', { navigator: undefined, isSecureContext: undefined }, /this is no browser.*'latentgpu\/node'/],
  [
    'insecure page',
    { navigator: {}, isSecureContext: false },
    /secure pages only.*https:\/\/ or from http:\/\/localhost/,
  ],
  ['old browser', { navigator: {}, isSecureContext: true }, /no WebGPU or it is switched off\. Use Chrome or Edge 113/],
  [
    'no adapter',
    { navigator: { gpu: { requestAdapter: async () => null } }, isSecureContext: true },
    /WebGPU but no adapter.*gave null.*chrome:\/\/gpu/,
  ],
] as const)
  test(`openDevice in a browser, ${title}: says so and what to do`, () =>
    withGlobals(globals, async () => {
      assert.match(await deviceError(() => openDevice()), expected);
    }));

test('openDevice in a browser asks for the fast adapter', () => {
  const asked: unknown[] = [];
  const { adapter } = fakeAdapter();
  const gpu = {
    requestAdapter: async (options: unknown) => {
      asked.push(options);
      return adapter;
    },
  };
  return withGlobals({ navigator: { gpu } }, async () => {
    const device = await openDevice();
    assert.is(device.adapter.name, 'acme-anvil-3000');
    assert.equal(asked, [{ powerPreference: 'high-performance' }]);
  });
});

test.run();
