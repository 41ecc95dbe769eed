// The lock files must not say where packages were downloaded from: everybody has a registry of their own.
// @ts-check
import fs from 'node:fs';

for (const file of ['package-lock.json', 'test/engines/package-lock.json']) {
  const text = fs.readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  const named = text
    .split('\n')
    .flatMap((line, index) => (/"resolved"|registry/.test(line) ? [`${index + 1}: ${line.trim()}`] : []));
  if (named.length === 0) continue;
  console.error(
    `${file} names a registry in ${named.length} lines, must name none (first: line ${named[0]}).\n` +
      'Run npm with --omit-lockfile-registry-resolved, or set that in your .npmrc.',
  );
  process.exitCode = 1;
}
