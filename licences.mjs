// The licences of bundled packages as one text: every one of them asks that its notice goes where its code goes.
// build.mjs writes it into dist/vendor/.
// @ts-check
import fs from 'node:fs';
import path from 'node:path';

const HEAD =
  'The files beside this one are made of the packages below, minified. Named are also the packages that those depend on,\n' +
  'because some have code of theirs inside. Each licence follows the packages that it is of.';

/**
 * @param {string} root   the project's folder
 * @param {string[]} files bundled files, relative to `root`
 * @returns {string} packages by licence text, in the alphabet's order
 * @throws Error naming a bundled package without a licence
 */
export function licencesOf(root, files) {
  const bundled = files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []);
  /** @type {Map<string, string[]>} */
  const packages = new Map();
  for (const folder of withDependencies(root, bundled)) {
    const { name, version, license } = manifest(root, folder);
    const text = licenceText(path.join(root, folder));
    if (text === undefined && bundled.includes(folder))
      throw new Error(`${name} is bundled but has no licence file in ${folder}: do without it, or add its text here`);
    if (text === undefined) continue;
    packages.set(text, [...(packages.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...packages].map(([text, names]) => `${names.join('\n')}\n\n${text}`);
  return `${[HEAD, ...parts].join(`\n\n${'-'.repeat(72)}\n\n`)}\n`;
}

/** @param {string} root @param {string} folder */
const manifest = (root, folder) => JSON.parse(fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8'));

/** Folders of packages and of all that they depend on, as far as that is installed.
 * @param {string} root @param {string[]} folders */
function withDependencies(root, folders) {
  const all = new Set(folders);
  // What is added on the way is visited, too.
  for (const folder of all)
    for (const name of Object.keys(manifest(root, folder).dependencies ?? {})) {
      const places = [path.posix.join(folder, 'node_modules', name), path.posix.join('node_modules', name)];
      const found = places.find((place) => fs.existsSync(path.join(root, place, 'package.json')));
      if (found !== undefined) all.add(found);
    }
  return [...all].sort();
}

/** @param {string} folder */
function licenceText(folder) {
  const file = fs.readdirSync(folder).find((entry) => /^(licen[cs]e|copying)\b/i.test(entry));
  return file && fs.readFileSync(path.join(folder, file), 'utf8').replaceAll('\r', '').trim();
}
