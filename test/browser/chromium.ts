// Test support: a headless Chromium with WebGPU, and a web server for its pages. The browser comes from the npm package
// @sparticuz/chromium and needs nothing of the system; it computes on SwiftShader everywhere, so that browser tests give
// the same answers on every machine. Linux x64 only, as the package is.
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import { CHROMIUM_INSTALL, CHROMIUM_PACKAGE } from '../../src/node/swiftshader.js';
import { cached, findPackage, unpackTarBrotli } from '../../src/node/unpack.js';

// The first three give an adapter; without the others a WebGPU canvas stays blank.
const FLAGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
];

// Both many times what they take on a quiet machine: other programs may have the cores.
const LAUNCH_MS = 120_000;
const GPU_PROCESS_MS = 60_000;

// The package's own fonts.conf names a fixed folder under /tmp.
const FONTS_CONF = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/** Starts Chromium; the caller closes it. The first start on a machine unpacks 200 MB, which takes some seconds. */
export async function launchBrowser(options: LaunchOptions = {}): Promise<Browser> {
  const dir = await chromiumFolder();
  const settings: LaunchOptions = {
    timeout: LAUNCH_MS,
    ...options,
    executablePath: path.join(dir, 'chromium'),
    args: [...FLAGS, ...(options.args ?? [])],
    env: {
      ...environment(),
      LD_LIBRARY_PATH: path.join(dir, 'lib'),
      FONTCONFIG_FILE: path.join(dir, 'fonts.conf'),
      // Else navigator.language follows the environment, and of "C" it makes "en-US@posix", which Intl refuses.
      LC_ALL: 'en_US.UTF-8',
      LANGUAGE: 'en_US',
      ...options.env,
    },
  };
  // About one start in some hundreds ends by itself before there is a page: seen of Chromium 143 on a busy machine.
  const browser = await chromium.launch(settings).catch((error) => {
    console.error(`Chromium did not start, once more: ${error}`);
    return chromium.launch(settings);
  });
  await yieldGpuProcess(browser);
  return browser;
}

/**
 * Lets every other process go before the GPU's. The GPU of these tests is a program, in a process of its own that takes
 * every core there is: a real GPU does not take the processor from the page.
 */
async function yieldGpuProcess(browser: Browser): Promise<void> {
  const gpu = await gpuProcess(browser);
  // Threads that it starts later inherit this.
  for (const thread of fs.readdirSync(`/proc/${gpu}/task`))
    os.setPriority(Number(thread), os.constants.priority.PRIORITY_LOW);
}

/** Its number; it is started soon after the browser. */
async function gpuProcess(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const until = performance.now() + GPU_PROCESS_MS;
  while (performance.now() < until) {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const gpu = processInfo.find(({ type }) => type === 'GPU');
    if (gpu) return gpu.id;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Chromium has no GPU process after ${GPU_PROCESS_MS / 1000} s`);
}

// Without the settings for a system Vulkan: Chromium brings its own.
function environment(): Record<string, string> {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, ...rest } = process.env;
  return Object.fromEntries(Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function chromiumFolder(): Promise<string> {
  const found = findPackage(CHROMIUM_PACKAGE);
  if (found === undefined) throw new Error(`browser tests need ${CHROMIUM_PACKAGE}: ${CHROMIUM_INSTALL}`);
  const archive = (file: string) => path.join(found.dir, 'bin', file);
  return cached(`chromium-${found.version}`, async (dir) => {
    const [lib, fonts] = [path.join(dir, 'lib'), path.join(dir, 'fonts')];
    fs.mkdirSync(lib);
    fs.mkdirSync(fonts);
    await unpackTarBrotli(archive('swiftshader.tar.br'), dir);
    await unpackTarBrotli(archive('al2023.tar.br'), lib); // NSS and what else a bare system lacks
    await unpackTarBrotli(archive('fonts.tar.br'), fonts);
    fs.writeFileSync(path.join(dir, 'fonts.conf'), FONTS_CONF);
    await pipeline(
      fs.createReadStream(archive('chromium.br')),
      createBrotliDecompress({ chunkSize: 1 << 20 }),
      fs.createWriteStream(path.join(dir, 'chromium'), { mode: 0o755 }),
    );
  });
}

export interface ServedFile {
  /** Content type, such as 'text/html'. */
  type: string;
  body: string | Uint8Array;
}

export interface Served {
  /** 'http://127.0.0.1:PORT', a secure context as WebGPU asks for. */
  url: string;
  close(): Promise<void>;
}

/** Serves files from memory. @param files by path, such as '/index.html'; '/' is a path of its own */
export async function servePage(files: ReadonlyMap<string, ServedFile>): Promise<Served> {
  const server = http.createServer((request, response) => {
    const file = files.get(new URL(request.url ?? '/', 'http://127.0.0.1').pathname);
    if (file !== undefined) response.writeHead(200, { 'content-type': file.type }).end(file.body);
    // A missing icon is no error in the page's console.
    else response.writeHead(request.url === '/favicon.ico' ? 204 : 404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
