// How a program's arguments are read: one table gives the flags, their help and their checks. node:util's parseArgs cuts
// the command line into tokens; what it would refuse in its own words is refused here instead, so that every message
// names the flag, what it is, what it must be and what to do. Knows no program: their tables are in train-options.ts,
// model-flags.ts, training-options.ts and profile-options.ts.
import { parseArgs } from 'node:util';
import { ArgumentError, nearest } from 'latentgpu/node';
import { show } from './flag-values.js';

/** A flag with a value: its placeholder in the help, a value that works, the check, the help itself. */
export interface Flag {
  value: string;
  example: string;
  read(text: string, flag: string, example: string): unknown;
  help: string[];
  /** Heading in the help under which it stands; flags of one group stand together. */
  group?: string;
}

/** A flag without a value: its help, and where that stands. */
export type Switch = string | { help: string; group: string };

/** The flags of a program: those with a value, and those without. `help` must be among the latter. */
export interface FlagTable {
  /** The name of what may be given once without a flag, where a program takes such an argument. */
  argument?: string;
  flags: Record<string, Flag>;
  switches: Record<string, Switch>;
}

/**
 * What the arguments of a program give, by the flags' names; `{ help: true }` alone if that is asked for.
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readFlags(args: string[], table: FlagTable): Record<string, unknown> {
  const { flags, switches } = table;
  const { tokens } = parseArgs({
    args,
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(Object.keys(flags).map((name) => [name, { type: 'string' as const }])),
      ...Object.fromEntries(Object.keys(switches).map((name) => [name, { type: 'boolean' as const }])),
      help: { type: 'boolean', short: 'h' },
    },
  });
  const given = new Map<string, unknown>();
  const texts = new Map<string, string>();
  const help = tokens.some((token) => token.kind === 'option' && token.name === 'help' && token.value === undefined);
  if (help) return { help };
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      takeArgument(table, given, token.value);
      continue;
    }
    const { name, rawName, value } = token;
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined) {
      checkSwitch(table, name, rawName, value);
      given.set(name, true);
      continue;
    }
    const before = texts.get(name);
    const text = checkText(rawName, flag, value, token.inlineValue ?? false);
    if (before !== undefined)
      throw new ArgumentError(`${rawName} is given twice (${show(before)} and ${show(text)}); give it once`);
    texts.set(name, text);
    given.set(name, flag.read(text, rawName, flag.example));
  }
  return Object.fromEntries(given);
}

function takeArgument({ argument }: FlagTable, given: Map<string, unknown>, value: string): void {
  if (argument === undefined)
    throw new ArgumentError(`"${value}" does not follow a flag; to name the data, write --data ${value}`);
  if (given.has(argument))
    throw new ArgumentError(`"${value}" is one too many: "${given.get(argument)}" is named already; name one`);
  given.set(argument, value);
}

/** The lines about a program's flags in its help: under the headings of their groups, those without a group last. */
export function flagsHelp({ flags, switches }: FlagTable): string[] {
  const rows = [
    ...Object.entries(flags).map(([name, { value, help, group }]) => ({ left: `--${name} ${value}`, help, group })),
    ...Object.entries(switches).map(([name, given]) => ({
      left: `--${name}`,
      help: [typeof given === 'string' ? given : given.help],
      group: typeof given === 'string' ? undefined : given.group,
    })),
  ];
  const width = Math.max(...rows.map(({ left }) => left.length)) + 4;
  const lines = ({ left, help }: (typeof rows)[number]) =>
    help.map((line, index) => (index === 0 ? `  ${left}`.padEnd(width) : ' '.repeat(width)) + line);
  const groups = [...new Set(rows.map(({ group }) => group))].sort((a, b) => Number(!a) - Number(!b));
  return groups.flatMap((group, index) => [
    ...(index > 0 ? [''] : []),
    ...(group === undefined ? [] : [`${group}:`]),
    ...rows.filter((row) => row.group === group).flatMap(lines),
  ]);
}

function checkText(rawName: string, flag: Flag, value: string | undefined, inline: boolean): string {
  const remedy = `give one, for example ${rawName} ${flag.example}`;
  if (value === undefined) throw new ArgumentError(`${rawName} has no value; ${remedy}`);
  if (!inline && value.startsWith('--'))
    throw new ArgumentError(`${rawName} has no value: the flag ${value} follows; ${remedy}`);
  if (value.trim() === '')
    throw new ArgumentError(`${rawName} is ${JSON.stringify(value)}, must not be empty; ${remedy}`);
  return value;
}

function checkSwitch({ flags, switches }: FlagTable, name: string, rawName: string, value: string | undefined): void {
  if (!Object.hasOwn(switches, name)) {
    const near = nearest(name, [...Object.keys(flags), ...Object.keys(switches)]);
    throw new ArgumentError(
      `${show(rawName)}: unknown; ${near === undefined ? 'must be a flag of this program, see --help' : `did you mean --${near}? See --help`}`,
    );
  }
  if (value !== undefined)
    throw new ArgumentError(`${rawName} is ${show(value)}, but it takes no value; write ${rawName} alone`);
}
