// Test support: README.md and the pages of docs/, and the commands and blocks of code in them.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export const root = path.dirname(createRequire(import.meta.url).resolve('latentgpu/package.json'));
export const PAGES = ['README.md', ...fs.readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`)];
export const textOf = (page: string): string => fs.readFileSync(path.join(root, page), 'utf8');

/** What stands between ``` of this language. */
export const blocksOf = (page: string, language: string): string[] =>
  [...textOf(page).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);

/** Programs that a command may begin with. */
const PROGRAM = /^(node|npm|npx|python3|torchrun|docker|apt-get|git|head) /;

/** The commands of a page: lines that are set in by four spaces or more, without their comments, and code within a sentence. */
export function commandsOf(page: string): string[] {
  const text = textOf(page).replace(/^```.*?^```/gms, '');
  const lines = [...text.matchAll(/^ {4,}(\S.*)$/gm)].map(([, line = '']) => line.replace(/ +#.*/, ''));
  const spans = [...text.replace(/^ {4,}.*/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [...lines, ...spans].filter((line) => PROGRAM.test(line));
}
