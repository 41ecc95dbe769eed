// What of a Linux machine matters to WebGPU in Node: device files, Vulkan's loader, the drivers and the libraries that they
// name. Only looks; what is missing and what brings it is advice.ts's business.
import fs from 'node:fs';
import path from 'node:path';
import { containerDriverFolders, driverFolders } from 'latentgpu/node';

/** A driver's description file, as Vulkan's loader reads it. */
export interface Driver {
  file: string;
  /** As the file names it: a path, or a name for the dynamic linker. */
  library: string;
  /** Where that library lies, if it is there. */
  found?: string;
  /** Whether Vulkan's loader looks into the file's folder by itself. */
  searched: boolean;
}

/** A device file, and whether this user may read and write it. */
export interface DeviceFile {
  file: string;
  usable: boolean;
}

export type Container = 'docker' | 'podman' | 'kubernetes';

export interface Machine {
  /** ID and VERSION_ID of /etc/os-release, such as `debian 12`. */
  distribution: string;
  /** Of the C library; absent where there is another one. */
  glibc?: string;
  container?: Container;
  /** Variables that Vulkan, the dynamic linker and NVIDIA's containers go by, as far as they are set. */
  environment: Record<string, string>;
  devices: DeviceFile[];
  /** Version of NVIDIA's kernel module, if it is loaded. */
  nvidia?: string;
  loaders: string[];
  drivers: Driver[];
  /** Where libEGL.so.1 lies, which NVIDIA's driver opens. */
  egl: string[];
}

const VARIABLES = [
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'VK_ADD_DRIVER_FILES',
  'LD_LIBRARY_PATH',
  'NVIDIA_DRIVER_CAPABILITIES',
  'NVIDIA_VISIBLE_DEVICES',
];

const LIBRARY_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/lib/x86_64-linux-gnu',
  '/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/lib64',
  '/usr/lib',
  '/usr/local/lib',
];
/** Searched here, but by the dynamic linker only if LD_LIBRARY_PATH says so. */
const CONTAINER_LIBRARY_FOLDERS = ['/usr/local/nvidia/lib64', '/usr/local/nvidia/lib'];

/** @param root of the machine's files; another one for tests */
export function lookAround(root = '/', env: NodeJS.ProcessEnv = process.env, glibc = runtimeGlibc()): Machine {
  const at = (file: string) => path.join(root, file);
  const read = (file: string) => {
    try {
      return fs.readFileSync(at(file), 'utf8');
    } catch {
      return '';
    }
  };
  const list = (folder: string) => {
    try {
      return fs.readdirSync(at(folder)).sort();
    } catch {
      return [];
    }
  };
  const linked = [...(env.LD_LIBRARY_PATH?.split(path.delimiter).filter(Boolean) ?? []), ...LIBRARY_FOLDERS];
  const find = (library: string, folders: readonly string[]) =>
    (library.startsWith('/') ? [library] : folders.map((folder) => `${folder}/${library}`)).filter((file) =>
      fs.existsSync(at(file)),
    );
  const driver = (file: string, searched: boolean): Driver => {
    const library = libraryOf(read(file));
    const [found] = find(library, [...linked, ...CONTAINER_LIBRARY_FOLDERS]);
    return { file, library, searched, ...(found !== undefined && { found }) };
  };
  const drivers = (folders: readonly string[], searched: boolean) =>
    folders.flatMap((folder) =>
      list(folder)
        .filter((name) => name.endsWith('.json'))
        .map((name) => driver(`${folder}/${name}`, searched)),
    );
  const nvidia = /Kernel Module\s+(?:for \S+\s+)?(\d[\d.]*)/.exec(read('/proc/driver/nvidia/version'))?.[1];
  const container = containerOf(env, (file) => fs.existsSync(at(file)));
  const named = (env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES)?.split(path.delimiter).filter(Boolean);
  return {
    distribution: distributionOf(read('/etc/os-release')),
    ...(glibc !== undefined && { glibc }),
    ...(container && { container }),
    environment: Object.fromEntries(VARIABLES.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
    devices: deviceFiles(list).map((file) => ({ file, usable: isUsable(at(file)) })),
    ...(nvidia !== undefined && { nvidia }),
    loaders: find('libvulkan.so.1', linked),
    drivers: named
      ? named.map((file) => driver(file, true))
      : [...drivers(driverFolders(env), true), ...drivers(containerDriverFolders(), false)],
    egl: find('libEGL.so.1', linked),
  };
}

const deviceFiles = (list: (folder: string) => string[]) => [
  ...list('/dev')
    .filter((name) => /^nvidia\d+$/.test(name))
    .map((name) => `/dev/${name}`),
  ...list('/dev/dri')
    .filter((name) => name.startsWith('renderD'))
    .map((name) => `/dev/dri/${name}`),
];

function isUsable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.R_OK | fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function libraryOf(json: string): string {
  try {
    return String(JSON.parse(json).ICD.library_path);
  } catch {
    return '';
  }
}

function distributionOf(release: string): string {
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(release)?.[1] ?? '';
  return `${value('ID')} ${value('VERSION_ID')}`.trim();
}

function containerOf(env: NodeJS.ProcessEnv, exists: (file: string) => boolean): Container | undefined {
  if (env.KUBERNETES_SERVICE_HOST) return 'kubernetes';
  if (exists('/run/.containerenv')) return 'podman';
  return exists('/.dockerenv') ? 'docker' : undefined;
}

function runtimeGlibc(): string | undefined {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime;
}
