// Finding and making elements, and doing things no more often than the page can show them.

/** The element of an id, which must be in index.html. */
export function byId<E extends Element = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element #${id}`);
  return found as unknown as E;
}

export const button = (id: string, press: () => unknown): HTMLButtonElement => {
  const element = byId<HTMLButtonElement>(id);
  element.addEventListener('click', () => void press());
  return element;
};

/** An element with text or children in it. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (key === 'style')
      element.style.cssText = value; // as an attribute the page's security policy forbids it
    else element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Only where it differs: setting the same text would still lay the page out anew. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** In the next frame, once however often it is asked for. */
export function eachFrame(work: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

/** In a frame, and once more after a rest if it was asked for meanwhile. @param rest ms */
export function nowAndThen(rest: number, work: () => void): () => void {
  let asked = false;
  let resting = false;
  const go = () => {
    if (resting || !asked) return;
    resting = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
      setTimeout(() => {
        resting = false;
        go();
      }, rest);
    });
  };
  return () => {
    asked = true;
    go();
  };
}

/** One at a time; asked for meanwhile, once more at the end, with what is true then. */
export function latest(work: () => Promise<unknown>): () => Promise<void> {
  let wanted = false;
  let running: Promise<void> | undefined;
  const run = async () => {
    while (wanted) {
      wanted = false;
      await work();
    }
    running = undefined;
  };
  return () => {
    wanted = true;
    running ??= run();
    return running;
  };
}

/**
 * For pictures of few pixels that are drawn again and again: kept in the processor's memory, as each drawing by the GPU would
 * wait behind training, and whatever is shown after it, too.
 */
export const context2d = (canvas: HTMLCanvasElement): CanvasRenderingContext2D | null =>
  canvas.getContext('2d', { willReadFrequently: true });

/** A colour of the style sheet, as it is in the present scheme. */
export const cssColour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name);

export const onSchemeChange = (work: () => void): void =>
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', work);

/** Hands the visitor a file. */
export function download(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  make('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
