// package-lock.json must not say where packages were downloaded from: everybody has a registry of their own.
// @ts-check
import fs from 'node:fs';

const text = fs.readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
const named = text
  .split('\n')
  .flatMap((line, index) => (/"resolved"|registry/.test(line) ? [`${index + 1}: ${line.trim()}`] : []));
if (named.length > 0) {
  console.error(
    `package-lock.json names a registry in ${named.length} lines, must name none (first: line ${named[0]}).\n` +
      'Run npm with --omit-lockfile-registry-resolved, or set that in your .npmrc.',
  );
  process.exit(1);
}
