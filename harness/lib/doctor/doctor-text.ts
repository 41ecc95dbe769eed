// What harness/doctor.js prints for people.
import type { Finding } from './advice.js';
import type { Machine } from './machine.js';
import { type Offered, SIZE, type Trial } from './trial.js';

const line = (label: string, text: string) => `${label.padEnd(10)}${text}`;
const mib = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`;

/** @param machine absent where only Linux's files are known */
export function doctorText(machine: Machine | undefined, trial: Trial, findings: readonly Finding[]): string {
  return [
    ...(machine ? machineLines(machine) : [line('system', `${process.platform} ${process.arch}`)]),
    ...trial.adapters.flatMap(adapterLines),
    ...productLines(trial),
    ...findings.flatMap(({ missing, remedies }) => [
      '',
      line('missing', missing),
      ...remedies.map(({ where, what }) => line('', `${`${where}:`.padEnd(12)}${what}`)),
    ]),
    '',
    conclusion(trial, findings),
  ].join('\n');
}

function machineLines({ distribution, glibc, container, devices, nvidia, loaders, drivers, environment }: Machine) {
  const system = [
    `${process.platform} ${process.arch}`,
    distribution,
    glibc === undefined ? 'no glibc' : `glibc ${glibc}`,
    container && `in a container (${container})`,
  ];
  const gpus = devices.map(({ file, usable }) => `${file}${usable ? '' : ' (no permission)'}`);
  return [
    line('system', system.filter(Boolean).join(', ')),
    line('GPU', `${gpus.join(', ') || 'no device file'}${nvidia ? `; NVIDIA's kernel module ${nvidia}` : ''}`),
    line('loader', loaders[0] ?? 'none'),
    ...(drivers.length === 0 ? [line('drivers', 'none')] : []),
    ...drivers.map(({ file, library, found }, at) =>
      line(at === 0 ? 'drivers' : '', `${file} -> ${found ?? `${library || 'nothing'} (not found)`}`),
    ),
    ...Object.entries(environment).map(([name, value], at) => line(at === 0 ? 'set' : '', `${name}=${value}`)),
  ];
}

function adapterLines(adapter: Offered, at: number): string[] {
  const { name, kind, backend, features, largestBinding, largestBuffer, workgroupMemory, subgroupSizes } = adapter;
  const lanes = subgroupSizes ? `, subgroups of ${subgroupSizes.min} to ${subgroupSizes.max}` : '';
  return [
    line(at === 0 ? 'adapters' : '', `${name} (${kind}, ${backend})`),
    line(
      '',
      `  binds ${mib(largestBinding)}, buffers of ${mib(largestBuffer)}, ${workgroupMemory / 1024} KiB a workgroup${lanes}`,
    ),
    line('', `  ${features.join(', ') || 'no optional features'}`),
  ];
}

function productLines({ product, failure }: Trial): string[] {
  if (failure !== undefined) return [line('FAILED', failure)];
  if (!product) return [];
  const { kernel, gflops } = product;
  return [
    line(
      'matmul',
      `${SIZE}x${SIZE}x${SIZE} is right in every variant; the fastest, ${kernel}: ${gflops.toPrecision(3)} GFLOP/s`,
    ),
  ];
}

function conclusion({ adapters: [first], failure }: Trial, findings: readonly Finding[]): string {
  if (!first || failure !== undefined) return 'Nothing can be trained on here yet.';
  if (!first.software) return `Training runs on ${first.name}.`;
  const why = findings.length > 0 ? 'what is missing for a GPU is above' : 'no GPU is to be seen';
  return `Training runs on the CPU (${first.name}): ${why}.`;
}
