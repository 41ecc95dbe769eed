// What harness/doctor.js sees of a machine, and what it says is missing: made-up machines, as folders of files.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { adviceFor } from '../../../harness/lib/doctor/advice.js';
import { doctorText } from '../../../harness/lib/doctor/doctor-text.js';
import { lookAround } from '../../../harness/lib/doctor/machine.js';
import { containerDriverFolders, containerEnvironment } from '../../../src/node/vulkan.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-doctor-'));
test.after(() => fs.rmSync(scratch, { recursive: true }));

let machines = 0;
/** A machine of these files, by path. */
function machineOf(
  files: Record<string, string>,
  env: Record<string, string> = {},
  glibc: string | undefined = '2.36',
) {
  const root = path.join(scratch, `${machines++}`);
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), text);
  }
  return lookAround(root, env, glibc);
}

const icd = (library: string) => JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: library } });
const LIB = '/usr/lib/x86_64-linux-gnu';
const DEBIAN = { '/etc/os-release': 'PRETTY_NAME="Debian"\nID=debian\nVERSION_ID="12"\n' };
const UBUNTU = { '/etc/os-release': 'ID=ubuntu\nVERSION_ID="22.04"\n' };
const LOADER = { [`${LIB}/libvulkan.so.1`]: '' };
const EGL = { [`${LIB}/libEGL.so.1`]: '' };
const GPU = { '/dev/nvidia0': '', '/dev/nvidiactl': '' };
const DRIVER = { '/etc/vulkan/icd.d/nvidia_icd.json': icd('libGLX_nvidia.so.0'), [`${LIB}/libGLX_nvidia.so.0`]: '' };
const DOCKER = { '/.dockerenv': '' };
const MODULE = {
  '/proc/driver/nvidia/version': 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15  Thu Jan  9 2025\n',
};

/** What is missing, and whom each remedy is for. */
const missing = (...machine: Parameters<typeof machineOf>) =>
  adviceFor(machineOf(...machine)).map(({ missing: what, remedies }) => [
    what,
    ...remedies.map(({ what: how }) => how),
  ]);

test('what is seen: system, devices, loader, drivers and their libraries', () => {
  const env = { LD_LIBRARY_PATH: '/opt/lib', HOME: '/root', OTHER: 'x' };
  const files = {
    ...UBUNTU,
    ...LOADER,
    ...EGL,
    ...GPU,
    ...DRIVER,
    ...MODULE,
    ...DOCKER,
    '/opt/lib/libvulkan.so.1': '',
  };
  assert.equal(machineOf({ ...files, '/etc/vulkan/icd.d/read.me': '' }, env), {
    distribution: 'ubuntu 22.04',
    glibc: '2.36',
    container: 'docker',
    environment: { LD_LIBRARY_PATH: '/opt/lib' },
    devices: [{ file: '/dev/nvidia0', usable: true }],
    nvidia: '570.86.15',
    loaders: ['/opt/lib/libvulkan.so.1', `${LIB}/libvulkan.so.1`],
    drivers: [
      {
        file: '/etc/vulkan/icd.d/nvidia_icd.json',
        library: 'libGLX_nvidia.so.0',
        searched: true,
        found: `${LIB}/libGLX_nvidia.so.0`,
      },
    ],
    egl: [`${LIB}/libEGL.so.1`],
  });
});

test('VK_DRIVER_FILES: those drivers and no others', () => {
  const { drivers } = machineOf({ ...DRIVER, '/mine.json': icd('/mine.so') }, { VK_DRIVER_FILES: '/mine.json' });
  assert.equal(drivers, [{ file: '/mine.json', library: '/mine.so', searched: true }]);
});

const WHOLE = { ...DEBIAN, ...LOADER, ...EGL, ...GPU, ...DRIVER };
const GRAPHICS = [
  'docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics ...',
  'podman run --device nvidia.com/gpu=all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics ...',
  'env: [{ name: NVIDIA_DRIVER_CAPABILITIES, value: "compute,utility,graphics" }]',
];

test('nothing is missing on a whole machine, nor on one that has no GPU', () => {
  assert.equal(missing(WHOLE), []);
  assert.equal(missing({ ...DEBIAN, ...LOADER }), []);
});

test('the C library', () => {
  const remedy = 'Debian 12, Ubuntu 22.04, RHEL 9 or newer; not Alpine';
  const what = "glibc 2.34 or newer, which Dawn's library needs: ";
  assert.equal(missing(WHOLE, {}, '2.33'), [[`${what}this system has 2.33`, remedy]]);
  assert.equal(missing(WHOLE, {}, '2.34'), []);
  assert.equal(missing(WHOLE, {}, '3.0'), []);
  assert.equal(adviceFor({ ...machineOf(WHOLE), glibc: '1.99' }).length, 1);
  const { glibc: _, ...musl } = machineOf(WHOLE);
  assert.is(adviceFor(musl)[0]?.missing, `${what}this system has another C library`);
});

test("Vulkan's loader, by the distribution's own command; by all where it is none of them", () => {
  const without = { ...GPU, ...DRIVER, ...EGL };
  const what = "Vulkan's loader, libvulkan.so.1";
  assert.equal(missing({ ...DEBIAN, ...without }), [[what, 'apt-get install -y libvulkan1']]);
  const rocky = { '/etc/os-release': 'ID="rocky"\nVERSION_ID="9.4"\n' };
  assert.equal(missing({ ...rocky, ...without }), [[what, 'dnf install -y vulkan-loader']]);
  assert.is(missing(without)[0]?.length, 4);
});

test('a container without a GPU, and one without graphics', () => {
  const [none] = missing({ ...DEBIAN, ...LOADER, ...DOCKER });
  assert.is(none?.[0], 'a GPU in this container (docker): no /dev/nvidia*, no /dev/dri/renderD*');
  assert.match(none?.[1] ?? '', /^docker run --gpus all/);
  const bare = { ...DEBIAN, ...LOADER, ...GPU, '/run/.containerenv': '' };
  const what =
    "NVIDIA's Vulkan driver: no nvidia_icd.json where drivers are looked for; NVIDIA_DRIVER_CAPABILITIES is compute,utility, must have graphics";
  assert.equal(missing(bare, { NVIDIA_DRIVER_CAPABILITIES: 'compute,utility' }), [[what, ...GRAPHICS]]);
  assert.match(missing(bare)[0]?.[0] ?? '', /NVIDIA_DRIVER_CAPABILITIES is not set, must have graphics$/);
});

test("NVIDIA's driver without its Vulkan part, and a module without its device file", () => {
  assert.match(missing({ ...UBUNTU, ...LOADER, ...GPU })[0]?.[1] ?? '', /^apt-get install -y libnvidia-gl-NNN/);
  assert.equal(missing({ ...DEBIAN, ...LOADER, ...MODULE }), [
    ["/dev/nvidia0, although NVIDIA's kernel module 570.86.15 is loaded", 'nvidia-modprobe -c 0 -u'],
  ]);
});

test('a driver whose library is not there, or is where the linker does not look', () => {
  const file = '/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json';
  const inContainer = { ...DEBIAN, ...LOADER, ...EGL, ...GPU, ...DOCKER, [file]: icd('libGLX_nvidia.so.0') };
  assert.equal(missing(inContainer), [[`libGLX_nvidia.so.0, which ${file} names`, ...GRAPHICS]]);
  const there = { ...inContainer, '/usr/local/nvidia/lib64/libGLX_nvidia.so.0': '' };
  assert.equal(missing(there), [
    [
      `/usr/local/nvidia/lib64 in LD_LIBRARY_PATH: libGLX_nvidia.so.0, which ${file} names, lies there`,
      'export LD_LIBRARY_PATH=/usr/local/nvidia/lib64',
    ],
  ]);
  assert.equal(missing(there, { LD_LIBRARY_PATH: '/usr/local/nvidia/lib64' }), []);
  assert.equal(missing({ ...WHOLE, '/etc/vulkan/icd.d/odd.json': '{' }), [
    [
      "a library in /etc/vulkan/icd.d/odd.json: it is no driver's description",
      'install its package anew, or remove /etc/vulkan/icd.d/odd.json',
    ],
  ]);
});

test("libEGL, which NVIDIA's driver opens", () => {
  const { [`${LIB}/libEGL.so.1`]: _, ...without } = WHOLE;
  assert.equal(missing(without), [["libEGL.so.1, which NVIDIA's driver opens", 'apt-get install -y libegl1 libgl1']]);
});

test('a device that may not be opened', () => {
  const machine = { ...machineOf(WHOLE), devices: [{ file: '/dev/dri/renderD128', usable: false }] };
  assert.equal(adviceFor(machine)[0], {
    missing: 'permission to read and write /dev/dri/renderD128',
    remedies: [{ where: 'host', what: 'usermod -aG render,video $USER   and log in again' }],
  });
});

test('drivers that containers keep apart are added, unless the caller names others', () => {
  assert.is(containerDriverFolders('/r')[0], '/r/usr/local/nvidia/share/vulkan/icd.d');
  assert.equal(containerEnvironment(['/a.json', '/b.json'], {}), { VK_ADD_DRIVER_FILES: '/a.json:/b.json' });
  assert.equal(containerEnvironment([], {}), {});
  for (const name of ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'])
    assert.equal(containerEnvironment(['/a.json'], { [name]: '/mine.json' }), {}, name);
});

test('the text: everything that was found, then what is missing and for whom each remedy is', () => {
  const machine = machineOf({ ...DEBIAN, ...GPU, ...DRIVER, ...EGL });
  const text = doctorText(machine, { adapters: [], failure: 'there is no WebGPU adapter' }, adviceFor(machine));
  assert.equal(text.split('\n'), [
    `system    ${process.platform} ${process.arch}, debian 12, glibc 2.36`,
    'GPU       /dev/nvidia0',
    'loader    none',
    `drivers   /etc/vulkan/icd.d/nvidia_icd.json -> ${LIB}/libGLX_nvidia.so.0`,
    'FAILED    there is no WebGPU adapter',
    '',
    "missing   Vulkan's loader, libvulkan.so.1",
    '          Debian:     apt-get install -y libvulkan1',
    '',
    'Nothing can be trained on here yet.',
  ]);
});

test.run();
