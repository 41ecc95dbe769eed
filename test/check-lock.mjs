// Lock files must not say where packages were downloaded from: everybody has a registry of their own.
// @ts-check
import fs from 'node:fs';

const root = new URL('..', import.meta.url);
const FILES = ['.', 'test/bundlers', 'test/engines', 'test/onnx', 'harness/peers'].map(
  (folder) => `${folder}/package-lock.json`,
);

for (const file of FILES) {
  const lines = fs.readFileSync(new URL(file, root), 'utf8').split('\n');
  const named = lines.flatMap((line, index) =>
    /"resolved"|registry/.test(line) ? [`${index + 1}: ${line.trim()}`] : [],
  );
  if (named.length === 0) continue;
  console.error(
    `${file} names a registry in ${named.length} lines, must name none (first: line ${named[0]}).\n` +
      'Run npm with --omit-lockfile-registry-resolved, or set that in your .npmrc.',
  );
  process.exitCode = 1;
}
