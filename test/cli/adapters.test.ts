// src/node/adapters.ts on real adapters, in Node processes of their own: what is opened, in what order, what is said
// when it is not there, and that every process ends by itself. What is not on this machine (a GPU, lavapipe) is tested
// by the error that asking for it gives.
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AdapterSummary } from '../../src/gpu/device.js';
import { mergeFlags } from '../../src/node/adapters.js';

const root = process.cwd();
const modules = path.join(root, 'node_modules');
const NO_DRIVER = { VK_DRIVER_FILES: '/there/is/no/driver.json', VK_ICD_FILENAMES: '/there/is/no/driver.json' };

let work = '';
let projects = '';
let here: AdapterSummary[] = [];

interface Result {
  out: string;
  err: string;
  /** Exit status, or the signal's name. */
  status: string;
}

interface RunOptions {
  env?: Record<string, string>;
  /** Folder with adapters.mjs; a program's imports are resolved from there. */
  dir?: string;
}

/** Runs a program with `openDevice`, `listAdapters` and the helpers below in scope. It must end by itself in 60 s. */
function run(program: string, { env = {}, dir = work }: RunOptions = {}): Promise<Result> {
  const code = `import { listAdapters, openDevice } from './adapters.mjs';\n${HELPERS}\n${program}`;
  const args = ['--expose-gc', '--input-type=module', '-e', code];
  const options = {
    cwd: dir,
    env: { ...process.env, FORCE_COLOR: '0', ...env },
    timeout: 60_000,
    killSignal: 'SIGKILL' as const,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, out, err) => {
      resolve({ out: out.trim(), err, status: String(error === null ? 0 : (error.signal ?? error.code)) });
    });
  });
}

const HELPERS = `
async function compute(device) {
  const module = device.gpu.createShaderModule({ code: \`
    @group(0) @binding(0) var<storage, read_write> x: array<u32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] = id.x * 3u; }\` });
  const pipeline = await device.gpu.createComputePipelineAsync({ layout: 'auto', compute: { module } });
  const buffer = device.gpu.createBuffer({ size: 1024, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const result = device.gpu.createBuffer({ size: 1024, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const entries = [{ binding: 0, resource: { buffer } }];
  const encoder = device.gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(4);
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, result, 0, 1024);
  device.gpu.queue.submit([encoder.finish()]);
  await result.mapAsync(GPUMapMode.READ);
  const last = new Uint32Array(result.getMappedRange())[255];
  device.check();
  return last;
}
async function collect() {
  for (let i = 0; i < 4; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 5)); }
}
async function failure(action) {
  try { await action(); return 'no error'; } catch (error) { return error.name + ': ' + error.message; }
}
`;

/** A folder as if latentgpu were installed there with only these packages: a real one, or a fake one's source. */
function project(name: string, packages: Record<string, string | true>): string {
  const dir = path.join(projects, name);
  for (const [dependency, source] of Object.entries(packages)) {
    const to = path.join(dir, 'node_modules', dependency);
    fs.mkdirSync(path.dirname(to), { recursive: true });
    if (source === true) fs.symlinkSync(path.join(modules, dependency), to);
    else {
      fs.mkdirSync(to);
      fs.writeFileSync(path.join(to, 'package.json'), '{ "version": "0.0.0", "type": "module", "main": "index.js" }');
      fs.writeFileSync(path.join(to, 'index.js'), source);
    }
  }
  fs.copyFileSync(path.join(work, 'adapters.mjs'), path.join(dir, 'adapters.mjs'));
  return dir;
}

test.before(async () => {
  fs.mkdirSync(path.join(modules, '.cache'), { recursive: true });
  work = fs.mkdtempSync(path.join(modules, '.cache', 'adapters-test-'));
  projects = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-projects-')); // where no other package is in reach
  await esbuild.build({
    entryPoints: [path.join(root, 'src/node/adapters.ts')],
    outfile: path.join(work, 'adapters.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  const { out, err } = await run('console.log(JSON.stringify(await listAdapters()))');
  assert.match(out, /^\[/, err);
  here = JSON.parse(out) as AdapterSummary[];
});

test.after(() => {
  for (const dir of [work, projects]) fs.rmSync(dir, { recursive: true, force: true });
});

test('toggles of several flags are merged, and the last word on one holds', () => {
  assert.equal(
    mergeFlags(['enable-dawn-features=a,b', 'disable-dawn-features=c', 'backend=null', 'disable-dawn-features=b,d']),
    ['enable-dawn-features=a', 'disable-dawn-features=b,c,d', 'backend=null'],
  );
  assert.equal(mergeFlags(['enable-dawn-features=a', 'disable-dawn-features=a']), ['disable-dawn-features=a']);
});

test('importing loads neither Dawn nor Vulkan; opening does', async () => {
  const { out } = await run(`
    const loaded = () => process.report.getReport().sharedObjects.filter((file) => /dawn|vulkan/.test(file)).length > 0;
    await new Promise((resolve) => setTimeout(resolve, 300)); // time for an import that nobody waits for
    const before = loaded();
    (await openDevice({ adapter: 'swiftshader' })).dispose();
    console.log(before, loaded());`);
  assert.is(out, 'false true');
});

test('SwiftShader opens from the npm package, computes, survives garbage collection, and Node ends', async () => {
  const { out, status } = await run(
    `
    const device = await openDevice({ adapter: 'swiftshader' });
    await collect();
    const { kind, software, backend, architecture, subgroupSizes } = device.adapter;
    console.log(JSON.stringify({ kind, software, backend, architecture, subgroupSizes }));
    console.log(await compute(device), device.features.has('subgroups'), device.features.has('timestamp-query'));
    device.dispose();
    globalThis.kept = device;
    await collect();`,
    { env: NO_DRIVER },
  );
  const [summary = '', computed] = out.split('\n');
  assert.equal(JSON.parse(summary), {
    kind: 'swiftshader',
    software: true,
    backend: 'vulkan',
    architecture: 'swiftshader',
    subgroupSizes: { min: 4, max: 4 },
  });
  assert.is(computed, '765 true true');
  assert.is(status, '0');
});

test('auto takes the first that listAdapters lists', async () => {
  const { out, status } = await run(`
    const device = await openDevice();
    console.log(device.adapter.name, await compute(device));
    device.dispose();`);
  assert.is(out, `${here[0]?.name} 765`);
  assert.is(status, '0');
});

test('auto without any system driver takes SwiftShader, and the environment is as it was', async () => {
  const { out } = await run(
    `
    delete process.env.XDG_RUNTIME_DIR;
    const before = JSON.stringify(process.env);
    const device = await openDevice();
    console.log(device.adapter.kind, JSON.stringify(process.env) === before);
    device.dispose();`,
    { env: NO_DRIVER },
  );
  assert.is(out, 'swiftshader true');
});

for (const kind of ['hardware', 'lavapipe'] as const)
  test(`${kind}: opens where it is, else the error says why and what to do`, async () => {
    const program = `
      console.log(await failure(async () => {
        const device = await openDevice({ adapter: '${kind}' });
        console.log(device.adapter.kind, await compute(device));
        device.dispose();
      }));`;
    if (here.some((adapter) => adapter.kind === kind)) assert.is((await run(program)).out, `${kind} 765\nno error`);
    // Without a driver it is nowhere.
    const { out } = await run(program, { env: NO_DRIVER });
    const remedy = { hardware: /install the GPU's driver/, lavapipe: /Mesa 25 or newer/ }[kind];
    assert.match(out, `DeviceError: there is no ${kind} adapter: `);
    assert.match(out, remedy);
    assert.is(out.split('\n').length, 1);
  });

test('a name picks by vendor, upper or lower case', async () => {
  const { out } = await run(`
    const device = await openDevice({ adapter: 'GooGLE' });
    console.log(device.adapter.kind);
    device.dispose();`);
  assert.is(out, 'swiftshader');
});

test('an unknown name lists the adapters there are, an empty one the choices', async () => {
  const { out } = await run(`
    console.log(await failure(() => openDevice({ adapter: 'voodoo2' })));
    console.log(await failure(() => openDevice({ adapter: '' })));`);
  const [unknown = '', empty = '', ...rest] = out.split('\n');
  assert.match(unknown, /^DeviceError: no adapter's name.*contains "voodoo2"/);
  for (const { name, kind } of here) assert.ok(unknown.includes(`"${name}" (${kind})`), `${unknown} names ${name}`);
  assert.is(
    empty,
    "ArgumentError: adapter is empty: it must be 'auto', 'hardware', 'lavapipe', 'swiftshader' or a part of an adapter's name",
  );
  assert.equal(rest, []);
});

test('without the npm package and without drivers: all three are named, with the remedies', async () => {
  const dir = project('bare', { webgpu: true });
  const { out } = await run(`console.log(await failure(() => openDevice()));`, { dir, env: NO_DRIVER });
  assert.match(out, 'DeviceError: there is no WebGPU adapter: hardware: ');
  assert.match(out, /; lavapipe: .*Mesa 25/);
  assert.match(
    out,
    '; swiftshader: the npm package @sparticuz/chromium is not installed: npm install --save-dev @sparticuz/chromium@143.0.4',
  );
  assert.is(out.split('\n').length, 1);
});

test('Dawn that does not load is one clear error', async () => {
  const glibc = "/lib/libc.so.6: version `GLIBC_2.34' not found (required by dawn.node)";
  const dir = project('old', { webgpu: `throw new Error(${JSON.stringify(`${glibc}\nand a second line`)});` });
  const { out } = await run(`console.log(await failure(() => openDevice()));`, { dir });
  assert.match(
    out,
    `DeviceError: Dawn (npm package webgpu) does not load here (${process.platform} ${process.arch}): ${glibc}. It needs`,
  );
  assert.match(out, /glibc 2\.34.*GLIBCXX_3\.4\.30.*Debian 12/);
  assert.is(out.split('\n').length, 1);
});

/** What a program that opens a device says once it is bundled, and taken to a folder with no packages around. */
async function bundled(options: esbuild.BuildOptions): Promise<string> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-bundle-'));
  try {
    const outfile = path.join(dir, options.format === 'cjs' ? 'bundle.cjs' : 'bundle.mjs');
    const contents = `import { openDevice } from './dist/node.js';
      openDevice().then((device) => device.dispose(), (error) => console.log(String(error)));`;
    const stdin = { contents, resolveDir: root };
    await esbuild.build({ stdin, outfile, bundle: true, platform: 'node', logLevel: 'silent', ...options });
    return spawnSync(process.execPath, [outfile], { encoding: 'utf8', cwd: dir }).stdout;
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}

for (const format of ['esm', 'cjs'] as const)
  test(`a bundle (${format}) with webgpu inside is told to leave it external`, async () => {
    const out = await bundled({ format });
    assert.match(out, /^DeviceError: Dawn \(npm package webgpu\) does not load here \(.*\): it was bundled, /);
    assert.match(out, /Leave webgpu external \(esbuild: --external:webgpu; .*npm install webgpu\n$/);
    assert.not.match(out, /glibc/);
  });

test('a bundle whose webgpu is not installed is told to install it', async () => {
  const out = await bundled({ format: 'esm', external: ['webgpu'] });
  assert.match(
    out,
    /^DeviceError: .*Cannot find package 'webgpu' .*Install it where the program runs: npm install webgpu\n$/,
  );
});

test('devices one after another and two kinds at once', async () => {
  const kinds = here.map((adapter) => adapter.kind);
  const { out, status } = await run(`
    for (let i = 0; i < 3; i++) {
      const device = await openDevice({ adapter: 'swiftshader' });
      console.log(await compute(device));
      device.dispose();
    }
    const kinds = ${JSON.stringify([...kinds, 'swiftshader'])};
    const devices = await Promise.all(kinds.map((adapter) => openDevice({ adapter })));
    console.log(devices.map((device) => device.adapter.kind).join());
    console.log((await Promise.all(devices.map(compute))).join());
    for (const device of devices) { device.dispose(); await collect(); }`);
  const all = [...kinds, 'swiftshader'];
  assert.equal(out.split('\n'), ['765', '765', '765', all.join(), all.map(() => 765).join()]);
  assert.is(status, '0');
});

test('four processes that unpack SwiftShader at once', async () => {
  const dir = project('race', { webgpu: true, '@sparticuz/chromium': true });
  const program = `
    const device = await openDevice({ adapter: 'swiftshader' });
    console.log(await compute(device));
    device.dispose();`;
  const results = await Promise.all([1, 2, 3, 4].map(() => run(program, { dir, env: NO_DRIVER })));
  for (const { out, err, status } of results) assert.is(`${out} ${status}`, '765 0', err);
  const cache = path.join(dir, 'node_modules', '.cache', 'latentgpu');
  assert.equal(
    fs.readdirSync(cache).map((name) => name.replace(/[\d.]+$/, '')),
    ['swiftshader-'],
  );
});

// Dawn aborts when its instance is collected while a callback is queued: at once after opening, or with work under way.
for (const adapter of ['swiftshader', 'auto'])
  test(`${adapter}: disposing at once, with work under way, or never: garbage collection and exit are clean`, async () => {
    const dispose = 'const device = await openDevice({ adapter }); device.dispose();';
    const busy = `
      const device = await openDevice({ adapter });
      const buffer = device.gpu.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      buffer.mapAsync(GPUMapMode.READ).catch(() => {});
      device.gpu.queue.onSubmittedWorkDone();
      device.dispose();`;
    const never = 'const device = await openDevice({ adapter }); compute(device);';
    const endings = ['', 'globalThis.kept = device;', 'gc(); process.exit(0);'];
    for (const start of [dispose, busy, never]) {
      const programs = endings.map(
        (end) => `const adapter = '${adapter}';\nawait (async () => { ${start} ${end} })();\nawait collect();`,
      );
      const results = await Promise.all(programs.map((program) => run(program)));
      for (const [i, { err, status }] of results.entries()) assert.is(status, '0', `${programs[i]}\n${err}`);
    }
  });

test('check() reports what WebGPU drops silently, and a lost device', async () => {
  const { out } = await run(`
    const device = await openDevice({ adapter: 'swiftshader' });
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE;
    device.gpu.createBuffer({ label: 'no such usage', size: 4, usage });
    await device.gpu.queue.onSubmittedWorkDone();
    console.log((await failure(() => device.check())).split('\\n')[0]);
    device.dispose();
    console.log(await failure(() => device.check()));
    const second = await openDevice({ adapter: 'swiftshader' });
    second.gpu.destroy();
    await second.gpu.lost;
    console.log(await failure(() => second.check()));
    second.dispose();`);
  const [invalid = '', disposed = '', lost = '', ...rest] = out.split('\n');
  assert.match(invalid, /^DeviceError: the device "SwiftShader.*" reported validation error: Buffer usages/);
  assert.match(disposed, /^DeviceError: the device was disposed.*openDevice/);
  assert.match(lost, /^DeviceError: the device "SwiftShader.*" was lost \(.*destroyed.*\).*Open a new device/);
  assert.equal(rest, [], 'Dawn itself prints nothing on stdout');
});

test('withoutFeatures and flags reach Dawn', async () => {
  const { out } = await run(`
    const device = await openDevice({ adapter: 'swiftshader', withoutFeatures: ['subgroups'] });
    console.log(device.features.has('subgroups'));
    device.dispose();
    const none = await openDevice({ flags: ['backend=null'] });
    console.log(none.adapter.backend, none.adapter.name);
    none.dispose();`);
  assert.is(out, 'false\nnull null-backend');
});

test.run();
