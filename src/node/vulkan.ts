// The Vulkan side of opening a GPU on Linux: is a loader there, which drivers are installed, and the environment that
// tells the loader which of them to use. Knows nothing of Dawn. Used by adapters.ts.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inBun, loadInBun, tellEnvironmentInBun } from './bun.js';

export interface VulkanFound {
  /** True when libvulkan.so.1 is in the process, where Dawn will find it. */
  loaded: boolean;
  /** Driver description files (.json), as far as they are where they should be. */
  drivers: string[];
}

/** Looks for the system's Vulkan and, if it is there, loads its loader. */
export function findVulkan(): VulkanFound {
  return { loaded: loadVulkan('libvulkan.so.1'), drivers: driverFiles() };
}

const RTLD_NODELETE = 0x1000;

/**
 * Loads a Vulkan loader into the process. Dawn asks for "libvulkan.so.1" later and gets the one that is there.
 * @param file a path, or a name for the dynamic linker to find
 * @returns whether it is loaded
 */
export function loadVulkan(file: string): boolean {
  if (inBun) return loadInBun(file);
  const { RTLD_NOW, RTLD_GLOBAL } = os.constants.dlopen;
  try {
    process.dlopen({ exports: {} }, file, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    return true;
  } catch (error) {
    // Node expects an addon. That it is none is said only after it was loaded, and NODELETE keeps it loaded.
    return error instanceof Error && error.message.includes('did not self-register');
  }
}

function driverFiles(): string[] {
  const named = process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES;
  if (named) return named.split(path.delimiter);
  const added = process.env.VK_ADD_DRIVER_FILES?.split(path.delimiter) ?? [];
  return [...added, ...driverFolders().flatMap(jsonFiles), ...containerDriverFiles()];
}

/**
 * Where containers put the drivers that they get from their host, and the loader does not look.
 * @param root of the machine's files
 */
export const containerDriverFolders = (root = '/'): string[] =>
  ['share/vulkan', 'vulkan', 'etc/vulkan'].map((at) => path.join(root, 'usr/local/nvidia', at, 'icd.d'));

const containerDriverFiles = () => containerDriverFolders().flatMap(jsonFiles);

/** So that the loader finds these too; a caller's own VK_DRIVER_FILES or VK_ADD_DRIVER_FILES is the caller's. */
export function containerEnvironment(files = containerDriverFiles(), env = process.env): Record<string, string> {
  const own = env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES || env.VK_ADD_DRIVER_FILES;
  return own || files.length === 0 ? {} : { VK_ADD_DRIVER_FILES: files.join(path.delimiter) };
}

/** Where the Vulkan loader looks (`LoaderInterfaceArchitecture.md`, "Driver Discovery on Linux"), and NixOS's place. */
export function driverFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  const { XDG_CONFIG_HOME, XDG_CONFIG_DIRS, XDG_DATA_HOME, XDG_DATA_DIRS } = env;
  const home = os.homedir();
  return [
    XDG_CONFIG_HOME || path.join(home, '.config'),
    ...(XDG_CONFIG_DIRS || '/etc/xdg').split(path.delimiter),
    '/usr/local/etc',
    '/etc',
    XDG_DATA_HOME || path.join(home, '.local/share'),
    ...(XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(path.delimiter),
    '/run/opengl-driver/share',
  ].map((folder) => path.join(folder, 'vulkan', 'icd.d'));
}

function jsonFiles(folder: string): string[] {
  try {
    return fs
      .readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => path.join(folder, file));
  } catch {
    return []; // no such folder
  }
}

/** Runs `task` with these environment variables, and puts back what was there before. */
export async function withEnvironment<T>(values: Record<string, string>, task: () => Promise<T>): Promise<T> {
  const names = Object.keys(values);
  const before = names.map((name) => [name, process.env[name]] as const);
  const tell = () => {
    if (inBun && process.platform === 'linux') for (const name of names) tellEnvironmentInBun(name);
  };
  Object.assign(process.env, values);
  tell();
  try {
    return await task();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    tell();
  }
}
