// The licences of bundled packages as one text: every one of them asks that its notice goes where its code goes.
// build.mjs writes it into dist/vendor/.
// @ts-check
import fs from 'node:fs';
import path from 'node:path';

const HEAD = `The files beside this one are made of the packages below, minified. Each licence follows the packages that it is of.`;

/**
 * @param {string} root   the project's folder
 * @param {string[]} files bundled files, relative to `root`
 * @returns {string} packages by licence text, in the alphabet's order
 * @throws Error naming a package without a licence
 */
export function licencesOf(root, files) {
  const folders = [...new Set(files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []))];
  /** @type {Map<string, string[]>} */
  const packages = new Map();
  for (const folder of folders.sort()) {
    const { name, version, license } = JSON.parse(fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    const text = licenceText(path.join(root, folder), name);
    packages.set(text, [...(packages.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  return [HEAD, ...[...packages].map(([text, names]) => `${names.join('\n')}\n\n${text}`)].join(
    `\n\n${'-'.repeat(72)}\n\n`,
  );
}

/** @param {string} folder @param {string} name */
function licenceText(folder, name) {
  const file = fs.readdirSync(folder).find((entry) => /^(licen[cs]e|copying)\b/i.test(entry));
  if (file === undefined)
    throw new Error(
      `${name} is bundled but has no licence file in ${folder}: leave it out of dist/vendor/, or add its text`,
    );
  return fs.readFileSync(path.join(folder, file), 'utf8').replaceAll('\r', '').trim();
}
