// Choosing data, model and numbers; the address follows, so that a set-up can be shared.
import { button, byId, setText } from '../dom.js';
import type { Runner } from '../run.js';
import { fault, fromHash, OWN_NUMBERS, type Setup, toHash, withField } from '../setup.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

type Field = HTMLInputElement | HTMLSelectElement;

export function setupForm(state: State, runner: Runner): Panel {
  const form = byId<HTMLFormElement>('form');
  const fields = [...form.querySelectorAll<Field>('[name]')];
  const show = () => {
    for (const field of fields) field.value = textOf(state.setup, field.name as keyof Setup);
    showOwnNumbers(fields, state.setup);
  };
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement && target.type === 'file') return;
    const field = fields.find((one) => one === target);
    if (field) change(field);
  });

  function change(field: Field): void {
    const name = field.name as keyof Setup;
    const changed = withField(state.setup, name, field.value);
    const wrong = changed ? fault(name, changed) : `${name}: not a value`;
    field.setAttribute('aria-invalid', String(wrong !== undefined));
    setText(byId('form-fault'), wrong ? `${wrong}.` : '');
    if (!changed || wrong) return;
    state.setup = changed;
    const hash = toHash(changed);
    history.replaceState(null, '', hash === '' ? location.pathname + location.search : `#${hash}`);
    showOwnNumbers(fields, changed);
    void runner.start({ data: name === 'images' });
  }

  addEventListener('hashchange', () => {
    const data = fromHash(location.hash).images !== state.setup.images;
    state.setup = fromHash(location.hash);
    show();
    void runner.start({ data });
  });
  state.on('setup', show);
  ownImages(state, runner);
  show();
  return { renew: () => setText(byId('data-name'), `${state.dataName}, ${imageText(state)}`) };
}

const imageText = ({ test }: State): string => `${test.height}x${test.width}`;

const textOf = (setup: Setup, name: keyof Setup): string =>
  name === 'hidden' ? setup.hidden.join(', ') : String(setup[name]);

/** Numbers that the preset does not have are not shown. */
function showOwnNumbers(fields: readonly Field[], { preset }: Setup): void {
  const all = Object.values(OWN_NUMBERS).flat();
  for (const field of fields) {
    const name = field.name as keyof Setup;
    const label = field.closest('label');
    if (label && all.includes(name)) label.hidden = !OWN_NUMBERS[preset]?.includes(name);
  }
}

/** Own images: chosen or dropped, and back to the digits. */
function ownImages(state: State, runner: Runner): void {
  const input = byId<HTMLInputElement>('files');
  const digits = button('digits', () => use(undefined));
  button('choose', () => input.click());
  const use = (files: File[] | undefined) => {
    state.files = files;
    digits.hidden = files === undefined;
    void runner.start({ data: true });
  };
  input.addEventListener('change', () => {
    if (input.files?.length) use([...input.files]);
    input.value = ''; // the same files may be chosen again
  });
  // Anywhere on the page: a file that misses must not replace the page.
  const drop = byId('drop');
  addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) drop.classList.remove('over');
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    if (event.dataTransfer?.files.length) use([...event.dataTransfer.files]);
  });
}
