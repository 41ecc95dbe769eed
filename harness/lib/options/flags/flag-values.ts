// What the values of flags may be: each reader turns a text into a value, or refuses it in one line that names the flag,
// what it is, what it must be and an example. Knows no flag by name.
import { ArgumentError, CORRUPTIONS, type CorruptionSpec, didYouMean, LEARNED, numberFault } from 'latentgpu/node';

/** A value as it stands in a message: bare if that is unambiguous, else quoted. */
export function show(text: string): string {
  return /^[\w.,+:/~-]+$/.test(text) ? text : JSON.stringify(text);
}

/** The number that `text` writes in decimal, or NaN: Number() alone would take "", "0x10" and "Infinity". */
function decimal(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** A reader of numbers that are `ok`, also as f32, which is what the GPU computes with. */
const number =
  (must: string, ok: (value: number) => boolean) =>
  (text: string, flag: string, example: string): number => {
    const value = decimal(text);
    const fault = numberFault(value, must, ok);
    if (fault !== undefined) refuse(text, flag, fault, example);
    return value;
  };

const whole =
  (must: string, least: number) =>
  (text: string, flag: string, example: string): number => {
    const value = decimal(text);
    if (!Number.isSafeInteger(value) || value < least) refuse(text, flag, must, example);
    return value;
  };

function refuse(text: string, flag: string, must: string, example: string): never {
  throw new ArgumentError(`${flag} is ${show(text)}, must be ${must}; for example ${flag} ${example}`);
}

/** The whole number >= 0 that `text` is, or NaN. */
export const wholeNumber = (text: string): number => {
  const value = decimal(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN;
};

export const asIs = (text: string): string => text;
export const count = whole('a whole number >= 1', 1);
export const countOrNone = whole('a whole number >= 0', 0);
export const seed = whole(`a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`, 0);
export const positive = number('a finite number above 0', (value) => value > 0);
export const positiveOrLearned = (text: string, flag: string, example: string): number | typeof LEARNED =>
  text === LEARNED
    ? LEARNED
    : number(`a finite number above 0, or ${LEARNED}`, (value) => value > 0)(text, flag, example);
export const notNegative = number('a finite number >= 0', (value) => value >= 0);
export const share = number('a number between 0 and 1', (value) => value > 0 && value < 1);
export const momentum = number('a number from 0 to below 1', (value) => value >= 0 && value < 1);

export function counts(text: string, flag: string, example: string): number[] {
  const values = text.split(',').map((part) => decimal(part.trim()));
  if (!values.every((value) => Number.isSafeInteger(value) && value >= 1))
    refuse(text, flag, 'whole numbers >= 1 with commas between', example);
  return values;
}

export const oneOf =
  <Choice extends string>(choices: readonly Choice[]) =>
  (text: string, flag: string): Choice => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined)
      throw new ArgumentError(
        `${flag} is ${show(text)}, must be one of ${choices.join(', ')}${didYouMean(text, choices)}`,
      );
    return found;
  };

/** gaussian:0.3, mask:0.5, saltpepper:0.2 */
export function noise(text: string, flag: string, example: string): CorruptionSpec {
  const [kind, given, ...more] = text.split(':');
  const found = CORRUPTIONS.find((known) => known === kind);
  const amount = decimal(given ?? '');
  const most = found === 'gaussian' ? Number.POSITIVE_INFINITY : 1;
  const fault = numberFault(amount, '', (value) => value > 0 && value < most);
  if (found === undefined || more.length > 0 || fault !== undefined)
    refuse(
      text,
      flag,
      'gaussian:DEVIATION (above 0), mask:SHARE or saltpepper:SHARE (of the pixels, between 0 and 1)',
      example,
    );
  return { kind: found, amount };
}

/** 500: steps; 2e: epochs. */
export function interval(text: string, flag: string, example: string): { steps: number } | { epochs: number } {
  const epochs = text.endsWith('e');
  const value = decimal(epochs ? text.slice(0, -1) : text);
  if (!Number.isSafeInteger(value) || value < 1)
    refuse(text, flag, 'a whole number of steps, or of epochs as in 1e', example);
  return epochs ? { epochs: value } : { steps: value };
}

/** How the learning rate goes on, in epochs. */
export type ScheduleChoice =
  | { kind: 'constant' }
  | { kind: 'cosine' }
  | { kind: 'step'; every: number; factor: number };

/** constant, cosine, step:EVERY:FACTOR */
export function schedule(text: string, flag: string, example: string): ScheduleChoice {
  if (text === 'constant' || text === 'cosine') return { kind: text };
  const [kind, every, factor, ...more] = text.split(':');
  const [epochs, times] = [decimal(every ?? ''), decimal(factor ?? '')];
  if (kind !== 'step' || more.length > 0 || !(epochs > 0) || !(times > 0) || times > 1 || !Number.isFinite(epochs))
    refuse(
      text,
      flag,
      'constant, cosine or step:EVERY:FACTOR (EVERY epochs above 0, FACTOR above 0, at most 1)',
      example,
    );
  return { kind: 'step', every: epochs, factor: times };
}
