// The package as it would be published, in the eyes of those who resolve it: publint (fields and files of package.json) and
// attw (whether TypeScript finds the types that belong to each import).
// @ts-check
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (/** @type {string} */ name) => path.join(root, 'node_modules', ...name.split('/'));

// esm-only: the package has no CommonJS files, on purpose: its code exists once. attw would report that `require` gets an
// ES module and that TypeScript's resolution of before 2022 ("node10") does not read "exports".
const CHECKS = [
  [bin('publint/src/cli.js'), 'run', '--strict'],
  [bin('@arethetypeswrong/cli/dist/index.js'), '--profile', 'esm-only', '--no-emoji'],
];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-package-'));
try {
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const file = execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim();
  for (const [program = '', ...args] of CHECKS) {
    const { status } = spawnSync(process.execPath, [program, ...args, path.join(folder, file)], { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  fs.rmSync(folder, { recursive: true });
}
