// Choosing data, model and numbers; the address follows, so that a set-up can be shared.
import { byId, setText } from '../dom.js';
import type { Runner } from '../run.js';
import { fault, isUsed, readHash, type Setup, toHash, withField } from '../setup.js';
import type { State } from '../state.js';
import { ownImages } from './own-images.js';
import type { Panel } from './panel.js';

type Field = HTMLInputElement | HTMLSelectElement;

export function setupForm(state: State, runner: Runner): Panel {
  const form = byId<HTMLFormElement>('form');
  const wrong = byId('form-fault');
  const fields = [...form.querySelectorAll<Field>('[name]')];
  const show = () => {
    for (const field of fields) field.value = textOf(state.setup, field.name as keyof Setup);
    showFaults();
    showOwnNumbers(fields, state.setup);
  };
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement && target.type === 'file') return;
    const field = fields.find((one) => one === target);
    if (field) change(field);
  });

  /** Marks what cannot be and says why, of all fields: one may have been left wrong before. */
  function showFaults(): void {
    const faults = fields.flatMap((field) => {
      const why = faultOf(field, state.setup);
      field.setAttribute('aria-invalid', String(why !== undefined));
      return why ? [`${why}.`] : [];
    });
    setText(wrong, faults.join(' '));
  }

  function change(field: Field): void {
    showFaults();
    if (faultOf(field, state.setup)) return;
    const name = field.name as keyof Setup;
    const changed = withField(state.setup, name, field.value);
    if (!changed) return;
    state.setup = changed;
    showInAddress(changed);
    showOwnNumbers(fields, changed);
    void runner.start({ data: name === 'images' });
  }

  /** The set-up of the address that the visitor came or went to. */
  function showAddress(): Setup {
    const { setup, faults } = readHash(location.hash);
    state.setup = setup;
    show();
    setText(wrong, faults.join(' '));
    showInAddress(setup);
    return setup;
  }
  addEventListener('hashchange', () => {
    const { images } = state.setup;
    void runner.start({ data: showAddress().images !== images });
  });
  state.on('setup', show);
  ownImages(state, runner);
  showAddress();
  return { renew: () => setText(byId('data-name'), `${state.dataName}, ${imageText(state)}`) };
}

function showInAddress(setup: Setup): void {
  const hash = toHash(setup);
  history.replaceState(null, '', hash === '' ? location.pathname + location.search : `#${hash}`);
}

const imageText = ({ test }: State): string => `${test.height}x${test.width}`;

const textOf = (setup: Setup, name: keyof Setup): string =>
  name === 'hidden' || name === 'channels' ? setup[name].join(', ') : String(setup[name]);

function faultOf({ name, value }: Field, setup: Setup): string | undefined {
  const changed = withField(setup, name as keyof Setup, value);
  return changed ? fault(name as keyof Setup, changed) : `${name}: not a value`;
}

/** Fields that the preset has no use for are not shown. */
function showOwnNumbers(fields: readonly Field[], { preset }: Setup): void {
  for (const field of fields) {
    const label = field.closest('label');
    if (label) label.hidden = !isUsed(field.name as keyof Setup, preset);
  }
}
