// Whether an adapter really takes shaders of f16, found out in a process of its own: a driver that does not may end the whole
// process instead of giving an error (Dawn of npm webgpu 0.6.0 on a T4), and nothing can be caught then.
import { spawnSync } from 'node:child_process';
import { ArgumentError, type Device, type NumberType } from 'latentgpu/node';

const PATIENCE_MS = 60_000;

/** A step of a small model. Its arguments: where the library is, the adapter's name. */
const TRIAL = `
const [library, adapter] = process.argv.slice(1);
const { ae, createModel, createTrainer, openDevice } = await import(library);
const device = await openDevice({ adapter });
const model = await createModel(device, ae({ pixels: 16, hidden: [8], latent: 4 }));
const images = { count: 4, height: 4, width: 4, pixels: new Uint8Array(64).fill(100) };
const trainer = await createTrainer(model, { name: 'trial', train: images, test: images }, { precision: 'f16' });
for await (const _ of trainer.train({ steps: 1 }));
device.dispose();
`;

/**
 * @param trial a program in place of a step of f16
 * @throws ArgumentError if the adapter has f16 but does not live through a step of it
 */
export function tryPrecision({ precision }: { precision?: NumberType }, device: Device, trial = TRIAL): void {
  const { name } = device.adapter;
  if (precision !== 'f16' || !device.features.has('shader-f16')) return;
  const library = import.meta.resolve('latentgpu/node');
  const { status, signal, stderr, error } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', trial, library, name],
    { encoding: 'utf8', timeout: PATIENCE_MS },
  );
  if (status === 0) return;
  const how = signal ? `was ended by ${signal}` : `ended with status ${status}`;
  const said = error?.message ?? stderr.trim().split('\n').at(-1) ?? '';
  throw new ArgumentError(
    `--precision f16: a trial of one step on ${name} ${how}${said && ` (${said})`}; its driver has f16 but cannot be ` +
      'trusted with it: leave --precision out, or update the driver',
  );
}
