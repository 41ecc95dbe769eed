// The profiler in a real headless Chromium, as a page uses it: by repetition, because there timestamps are rounded.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type * as latentgpu from '../../src/index.js';
import type * as profiling from '../../src/profile/index.js';
import { closeBrowser, inPage } from './page.js';

interface Profiled {
  /** Of the trainer's plan. */
  dispatches: { kernel: string; label: string }[];
  timestamps: boolean;
  /** With the device as the browser gives it, and without its timestamps. */
  given: profiling.ProfileReport;
  without: profiling.ProfileReport;
  kernel: profiling.KernelReport;
  unchanged: boolean;
}

/** Runs as text in the page: it may use nothing from outside. */
async function profileHere(lib: typeof latentgpu & typeof profiling): Promise<Profiled> {
  const profileOn = async (device: latentgpu.Device) => {
    const dataset = lib.digits({ train: 64, test: 16, seed: 3 });
    const model = await lib.createModel(device, lib.vae({ pixels: 784, hidden: [16], latent: 4 }), { seed: 1 });
    const trainer = await lib.createTrainer(model, dataset, { batch: 16 });
    const values = async () =>
      JSON.stringify([...(await model.parameters())].map(([name, tensor]) => [name, [...tensor.values]]));
    const before = await values();
    const report = await lib.profileTrainer(trainer, { steps: 6, warmup: 1 });
    const unchanged = before === (await values());
    const dispatches = trainer.plan.dispatches.map(({ kernel, label }) => ({ kernel, label }));
    device.check();
    return { report, unchanged, dispatches };
  };
  const device = await lib.openDevice();
  const plain = await lib.openDevice({ withoutFeatures: ['timestamp-query'] });
  try {
    const first = await profileOn(device);
    const second = await profileOn(plain);
    return {
      dispatches: first.dispatches,
      timestamps: device.features.has('timestamp-query'),
      given: first.report,
      without: second.report,
      kernel: await lib.profileMatmul(device, { m: 20, n: 30, k: 40, variants: ['registers'], forms: ['NT'] }),
      unchanged: first.unchanged && second.unchanged,
    };
  } finally {
    device.dispose();
    plain.dispose();
  }
}

/**
 * Rounds timestamps to 100 us as people's browsers do: only --enable-unsafe-webgpu gives an adapter here, and it switches
 * that off. Runs in the page.
 */
function roundTimestamps(): void {
  const real = GPUBuffer.prototype.getMappedRange;
  GPUBuffer.prototype.getMappedRange = function (...range) {
    const bytes = real.apply(this, range);
    if (this.label === 'readback of timestamps') {
      const times = new BigUint64Array(bytes);
      times.forEach((time, index) => {
        times[index] = time - (time % 100_000n);
      });
    }
    return bytes;
  };
}

test('a page profiles a trainer by repetition, and a kernel alone', async () => {
  const { value, complaints } = await inPage<Profiled>(`(lib) => {
    (${roundTimestamps.toString()})();
    return (${profileHere.toString()})(lib);
  }`);
  const { dispatches, timestamps, given, without, kernel, unchanged } = value;
  assert.equal(complaints, []);
  assert.ok(unchanged, 'the parameters are those from before');
  assert.ok(timestamps, 'there are timestamps that could be believed');
  assert.equal([given.method, given.quantized], ['repetition', true]);
  assert.equal([without.method, without.quantized], ['repetition', false]);
  for (const { rows, step, bottleneck, adapter } of [given, without]) {
    assert.equal(
      rows.map((row) => ({ kernel: row.kernel, label: row.label })),
      dispatches,
    );
    for (const row of rows) {
      assert.ok(row.median > 0 && row.p95 >= row.median, `${row.kernel}: ${row.median} us, p95 ${row.p95}`);
      assert.ok(row.samples.length >= 5 && row.calls >= row.samples.length, row.kernel);
    }
    const shares = rows.reduce((sum, { share }) => sum + share, 0);
    assert.ok(Math.abs(shares - 1) < 1e-9, `shares add up to ${shares}`);
    for (const [name, us] of Object.entries(step)) assert.ok(Number.isFinite(us) && us >= 0, name);
    assert.match(bottleneck.sentence, /is the bottleneck/);
    assert.is(adapter.backend, 'browser');
  }
  assert.equal([kernel.method, kernel.quantized, kernel.refused], ['repetition', true, []]);
  assert.ok(kernel.rows.length > 0 && kernel.rows.every(({ median, worst }) => median > 0 && worst <= 1));
});

test.after(closeBrowser);
test.run();
