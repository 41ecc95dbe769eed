// What Bun does otherwise than Node on the way to a Vulkan driver: process.dlopen unloads what is no addon, and what is
// written to process.env stays in JavaScript, where a C library does not see it. Both are mended with bun:ffi. Used by vulkan.ts.

/** What is used of Bun's own module of foreign functions. */
interface BunFfi {
  dlopen(
    file: string,
    symbols: Record<string, { args: string[]; returns: string }>,
  ): { symbols: Record<string, (...args: unknown[]) => unknown> };
}

export const inBun: boolean = process.versions.bun !== undefined;

const bunFfi = () => process.getBuiltinModule('bun:ffi') as unknown as BunFfi;

/** Loads a Vulkan loader, for as long as the process lives. @returns whether it is loaded */
export function loadInBun(file: string): boolean {
  try {
    bunFfi().dlopen(file, { vkGetInstanceProcAddr: { args: ['ptr', 'ptr'], returns: 'ptr' } });
    return true;
  } catch {
    return false;
  }
}

/** Tells C libraries what process.env says of a variable. */
export function tellEnvironmentInBun(name: string): void {
  const { symbols } = bunFfi().dlopen('libc.so.6', {
    setenv: { args: ['ptr', 'ptr', 'int'], returns: 'int' },
    unsetenv: { args: ['ptr'], returns: 'int' },
  });
  const text = (value: string) => Buffer.from(`${value}\0`);
  const value = process.env[name];
  if (value === undefined) symbols.unsetenv?.(text(name));
  else symbols.setenv?.(text(name), text(value), 1);
}
