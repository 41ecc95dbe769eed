// Test support: the other engines on this machine. Deno, Bun and puppeteer come by `npm ci --prefix test/engines
// --ignore-scripts`, Firefox and lavapipe from Debian (firefox-esr, mesa-vulkan-drivers of Mesa 25): `.ci/run` installs them.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../support/models/reference-training.js';

const modules = path.join(root, 'test/engines/node_modules');

/** Many times what the longest of these programs takes. */
const LIMIT_MS = 300_000;

function required(file: string, remedy: string): string {
  if (!fs.existsSync(file)) throw new Error(`${file} does not exist: ${remedy}`);
  return file;
}

const fromNpm = (name: string): string =>
  required(path.join(modules, name), 'npm ci --prefix test/engines --ignore-scripts');

export const deno = (): string => fromNpm('@deno/linux-x64-glibc/deno');
export const bun = (): string => fromNpm('@oven/bun-linux-x64/bin/bun');
export const puppeteerFile = (): string => fromNpm('puppeteer-core/lib/esm/puppeteer/puppeteer-core.js');
export const nagaFile = (): string => fromNpm('naga-wasm/dist/node.js');
export const firefoxFile = (): string => required('/usr/bin/firefox-esr', 'apt-get install firefox-esr');

const DRIVERS = '/usr/share/vulkan/icd.d';

/** wgpu and Firefox take whatever adapter comes first: lavapipe is to be the only one. */
export function onLavapipe(): Record<string, string> {
  const file = fs.readdirSync(DRIVERS).find((name) => name.startsWith('lvp_icd'));
  if (!file) throw new Error(`${DRIVERS} has no lvp_icd*.json: apt-get install mesa-vulkan-drivers (Mesa 25 or newer)`);
  return { VK_DRIVER_FILES: path.join(DRIVERS, file) };
}

/** What a program printed, whatever became of it. */
export function outputOf(
  program: string,
  args: string[],
  env: Record<string, string>,
): Promise<{ status: number | null; out: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env, NO_COLOR: '1', LATENTGPU_TEST_REPORT: '' }, // its tests are not the runner's
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    });
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        out += data;
      });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out }));
  });
}

/** @returns what a program printed after "RESULT " */
export async function resultOf<T>(program: string, args: string[], env: Record<string, string>): Promise<T> {
  const { status, out } = await outputOf(program, args, env);
  const result = /^RESULT (.*)$/m.exec(out)?.[1];
  if (status !== 0 || result === undefined) throw new Error(`${path.basename(program)} ended with ${status}:\n${out}`);
  return JSON.parse(result) as T;
}
