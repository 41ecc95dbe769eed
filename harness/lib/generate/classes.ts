// Classes by what they are called: in words about them, in pictures, and where a user names one.
import { ArgumentError, didYouMean, type ModelSpec } from 'latentgpu/node';
import { show } from '../options/flags/flag-values.js';
import { drawable } from '../plots/glyphs.js';

/** Names of the classes 0..; undefined: they are their numbers. */
export type ClassNames = readonly string[] | undefined;

const SHOWN = 12;

/** "7", "ankle boot" */
export const classText = (classes: ClassNames, label: number): string => classes?.[label] ?? String(label);

/** The same in the letters that pictures have. */
export const drawnClass = (classes: ClassNames, label: number): string => drawable(classText(classes, label));

/**
 * The class that --label means: of that name, else, where no names are numbers, of that number.
 * @throws ArgumentError if the model has no such class, or none at all
 */
export function classOf(label: number | string, { classes: count }: ModelSpec, classes: ClassNames): number {
  if (count === undefined)
    throw new ArgumentError(
      `--label ${show(String(label))}: this model is not conditional and knows no classes; leave --label out`,
    );
  const names = classes?.slice(0, count) ?? [];
  const named = names.indexOf(String(label));
  if (named >= 0) return named;
  const isNumber = typeof label === 'number' && names.every((name) => Number.isNaN(Number(name)));
  if (isNumber && label < count) return label;
  if (names.length === 0)
    throw new ArgumentError(
      `--label is ${show(String(label))}, must be from 0 to ${count - 1}: this model has ${count} classes`,
    );
  const shown = names.slice(0, SHOWN).map(show).join(', ') + (names.length > SHOWN ? ', ...' : '');
  throw new ArgumentError(
    `--label is ${show(String(label))}, must be one of ${shown}${didYouMean(String(label), names)}`,
  );
}
