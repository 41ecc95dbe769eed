// The choice of a class, for models that are told one.
import { make } from '../../../web/dom.js';

/** @param first choices before the classes: value and text */
export function fillClasses(select: HTMLSelectElement, classes = 0, first: [string, string][] = []): void {
  const all = [...first, ...Array.from({ length: classes }, (_, i): [string, string] => [String(i), String(i)])];
  select.replaceChildren(...all.map(([value, text]) => make('option', { value }, text)));
}
