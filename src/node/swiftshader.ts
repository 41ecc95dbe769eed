// SwiftShader, Google's Vulkan driver on the CPU, taken from the npm package @sparticuz/chromium: it is what trains on a
// Linux machine with no GPU and no Vulkan at all. Unpacks it and says where it is; adapters.ts opens it.
import path from 'node:path';
import { DeviceError } from '../errors.js';
import { cached, findPackage, unpackTarBrotli } from './unpack.js';

/** The npm package that carries SwiftShader and, for the tests, a whole Chromium. Optional: nothing imports it. */
export const CHROMIUM_PACKAGE = '@sparticuz/chromium';
export const CHROMIUM_INSTALL = 'npm install --save-dev @sparticuz/chromium@143.0.4';

export interface SwiftShader {
  /** Folder of the unpacked files. */
  dir: string;
  /** The driver's description file, for VK_DRIVER_FILES. */
  driverFile: string;
  /** A Vulkan loader, for machines that have none. */
  loader: string;
}

const LOADER = 'libvulkan.so.1';
const DRIVER_FILE = 'vk_swiftshader_icd.json';

/** @returns why the bundled SwiftShader cannot be used here, as a clause that ends with the remedy; '' if it can be */
export function swiftShaderMissing(): string {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `the bundled one runs on Linux x64 only, and this is ${process.platform} ${process.arch}`;
  if (findPackage(CHROMIUM_PACKAGE) === undefined)
    return `the npm package ${CHROMIUM_PACKAGE} is not installed: ${CHROMIUM_INSTALL}`;
  return '';
}

/**
 * Unpacks SwiftShader (7 MB) into a cache folder, once.
 * @throws DeviceError when the package is missing or no cache folder can be written
 */
export async function swiftShader(): Promise<SwiftShader> {
  const chromium = findPackage(CHROMIUM_PACKAGE);
  const missing = swiftShaderMissing();
  if (chromium === undefined || missing !== '') throw new DeviceError(`no SwiftShader: ${missing}`);
  const archive = path.join(chromium.dir, 'bin', 'swiftshader.tar.br');
  const dir = await cached(`swiftshader-${chromium.version}`, (folder) =>
    unpackTarBrotli(archive, folder, [LOADER, 'libvk_swiftshader.so', DRIVER_FILE]),
  );
  return { dir, driverFile: path.join(dir, DRIVER_FILE), loader: path.join(dir, LOADER) };
}
