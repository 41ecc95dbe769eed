// Which peers there are on this machine: tfjs and jax-js in the folder of peers of a checkout, installed on the first use, and
// PyTorch where a Python has it.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DeviceError } from 'latentgpu/node';
import type { PeerCommand } from './peer-process.js';
import type { LeftOut } from './report.js';

export interface FoundPeers {
  commands: PeerCommand[];
  leftOut: LeftOut[];
}

const folder = path.join(
  path.dirname(createRequire(import.meta.url).resolve('latentgpu/package.json')),
  'harness',
  'peers',
);

/** The packages of harness/peers are said, then installed, where they are missing. @throws DeviceError if npm fails */
function installPeers(say: (line: string) => void): void {
  const shown = path.relative('.', folder) || '.';
  if (fs.existsSync(path.join(folder, 'node_modules/@jax-js/jax'))) return;
  say(`install    tfjs and jax-js into ${shown} (npm ci, 105 MB on disk)`);
  try {
    const args = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' });
  } catch (cause) {
    throw new DeviceError(`npm ci --prefix ${shown} failed; run it by hand and start again`, { cause });
  }
}

export interface Python {
  program: string;
  version: string;
  cuda: boolean;
}

const PROBE = 'import torch; print("torch", torch.__version__, torch.cuda.is_available())';

/** The first Python that has PyTorch: LATENTGPU_PYTHON if it is set, else Debian's, else the one of the PATH. */
export function findTorch(environment: NodeJS.ProcessEnv = process.env): Python | undefined {
  const chosen = environment.LATENTGPU_PYTHON;
  for (const program of chosen ? [chosen] : ['/usr/bin/python3', 'python3']) {
    const { stdout } = spawnSync(program, ['-c', PROBE], { encoding: 'utf8', timeout: 120_000 });
    const found = readProbe(stdout ?? '');
    if (found) return { program, ...found };
  }
  return undefined;
}

/** What the probe prints: `torch 2.4.0+cu124 True`. */
export function readProbe(text: string): { version: string; cuda: boolean } | undefined {
  const [, version, cuda] = /^torch (\S+) (True|False)$/m.exec(text) ?? [];
  return version === undefined ? undefined : { version, cuda: cuda === 'True' };
}

/** What all peers are given. */
export interface PeerTask {
  adapter: string;
  batch: number;
  /** A file of bytes [n, pixels]. */
  images: string;
  /** A ModelSpec as JSON. */
  spec: string;
  /** Its first weights, as safetensors. */
  weights: string;
}

export function findPeers(
  { adapter, batch, images, spec, weights }: PeerTask,
  say: (line: string) => void,
): FoundPeers {
  const common = ['--batch', String(batch), '--images', images, '--spec', spec, '--weights', weights];
  const commands: PeerCommand[] = [];
  const leftOut: LeftOut[] = [];
  if (!fs.existsSync(path.join(folder, 'package.json')))
    return {
      commands,
      leftOut: [{ what: 'tfjs, jax-js, PyTorch', why: 'their programs are not in the npm package; use a checkout' }],
    };
  installPeers(say);
  for (const [name, file] of [
    ['tfjs', 'tfjs.js'],
    ['jax-js', 'jax.js'],
  ] as const)
    commands.push({
      name,
      program: process.execPath,
      args: [path.join(folder, file), '--adapter', adapter, ...common],
    });
  const python = findTorch();
  if (!python)
    leftOut.push({
      what: 'PyTorch',
      why: 'no Python here imports torch; install it (Debian: python3-torch), or set LATENTGPU_PYTHON to one that has it',
    });
  else
    for (const mode of python.cuda ? ['eager', 'compile', 'graph'] : ['eager'])
      commands.push({
        name: `PyTorch ${mode}`,
        program: python.program,
        args: [path.join(folder, 'torch_peer.py'), '--mode', mode, ...common],
      });
  return { commands, leftOut };
}
