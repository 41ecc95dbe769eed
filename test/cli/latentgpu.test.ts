// The command `latentgpu` (harness/latentgpu.js): it starts the programs, refuses other names, and texts name what their
// reader can type. That it works from the published tarball: test/package/.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PROGRAMS } from '../../harness/lib/options/flags/command.js';

const root = path.dirname(createRequire(import.meta.url).resolve('latentgpu/package.json'));
const ALL = 'train, generate, score, inspect, export, profile, bench, doctor';

/** @param npx as if npx had started it */
function latentgpu(args: string[], npx = false) {
  const { npm_command: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['harness/latentgpu.js', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: npx ? { ...env, npm_command: 'exec' } : env,
  });
  return { status, out: stdout, err: stderr };
}

for (const [args, told] of [
  [[], `no command is named; must be one of ${ALL}; for example latentgpu train`],
  [['trian'], `trian is no command of latentgpu, must be one of ${ALL}; did you mean train?`],
  [['--epochs', '3'], `--epochs is no command of latentgpu, must be one of ${ALL}; see --help`],
  [['constructor'], `constructor is no command of latentgpu, must be one of ${ALL}; see --help`],
] as const)
  test(`latentgpu ${args.join(' ')}: is refused in one line`, () => {
    assert.equal(latentgpu([...args]), { status: 2, out: '', err: `error: ${told}\n` });
  });

test('--help names every command, --version is the package.json one', () => {
  const { status, out, err } = latentgpu(['--help']);
  assert.equal([status, err], [0, '']);
  assert.match(out, /^usage: latentgpu COMMAND \[flags\]$/m);
  const listed = [...out.matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name]) => name);
  assert.equal(listed, Object.keys(PROGRAMS));
  const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  assert.equal(latentgpu(['--version']), { status: 0, out: `${version}\n`, err: '' });
});

for (const name of Object.keys(PROGRAMS))
  test(`latentgpu ${name} --help names the command that was started, and no file of a checkout`, () => {
    const { status, out, err } = latentgpu([name, '--help']);
    assert.equal([status, err], [0, '']);
    assert.match(out, new RegExp(`^usage: latentgpu ${name} `, 'm'));
    assert.not.match(out, /harness\/|\.js\b/);
    assert.match(latentgpu([name, '--help'], true).out, new RegExp(`^usage: npx latentgpu ${name} `, 'm'));
  });

test("a program's own errors name the command, too, and its status is kept", () => {
  const { status, err } = latentgpu(['inspect'], true);
  assert.is(status, 2);
  assert.is(err, 'error: no file is named; for example npx latentgpu inspect runs/first/model.safetensors\n');
  const missing = latentgpu(['generate', '--run', '/no/run']);
  assert.is(missing.status, 2);
  assert.match(missing.err, /; name the folder of a run of latentgpu train\n$/);
});

test('texts of the programs ask command.ts for names: none is written out', () => {
  // Of harness/torch/, which only a checkout has.
  const exempt = ['options/flags/command.ts', 'options/data-options.ts'];
  const lib = path.join(root, 'harness/lib');
  const files = fs.readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  assert.ok(files.length > 50, `${files.length} files`);
  const named = new RegExp(`harness/|\\b(${Object.keys(PROGRAMS).join('|')})\\.js\\b`);
  const written = files
    .filter((file) => !exempt.includes(file.split(path.sep).join('/')))
    .flatMap((file) => fs.readFileSync(path.join(lib, file), 'utf8').split('\n'))
    .filter((line) => named.test(line) && !/^\s*(\/\/|\/?\*)|^(import|export)\b|^} from /.test(line));
  assert.equal(written, []);
});

test.run();
