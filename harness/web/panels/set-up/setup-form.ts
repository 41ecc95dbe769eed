// Choosing data, model and numbers; the address follows, so that a set-up can be shared.

import { isPicture, isTable } from '../../data/chosen.js';
import { button, byId, setText } from '../../dom.js';
import type { Runner } from '../../run.js';
import { fault, isUsed, LIVE, needsData, OF_DATA, readHash, type Setup, toHash, withField } from '../../setup.js';
import type { State } from '../../state.js';
import type { Panel } from '../panel.js';
import { ownData } from './own-data.js';

type Field = HTMLInputElement | HTMLSelectElement;

export function setupForm(state: State, runner: Runner): Panel {
  const form = byId<HTMLFormElement>('form');
  const wrong = byId('form-fault');
  const fields = [...form.querySelectorAll<Field>('[name]')];
  const show = () => {
    for (const field of fields) field.value = textOf(state.setup, field.name as keyof Setup);
    showFaults();
    showFields();
    showChanged();
  };
  /** Those that the preset and the data have a use for. */
  function showFields(): void {
    const { preset } = state.setup;
    const ofData = dataFields(state);
    for (const field of fields) {
      const name = field.name as keyof Setup;
      const label = field.closest('label');
      if (label) label.hidden = OF_DATA.includes(name) ? !ofData.includes(name) : !isUsed(name, preset);
    }
  }
  state.on('phase', showFields);
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
    const before = state.setup;
    state.setup = changed;
    showInAddress(changed);
    showFields();
    showChanged();
    if (state.begun && state.usable && state.offered === state.files) {
      // What was learnt is the visitor's: it goes on with other numbers, and stays until they ask for another model.
      if (LIVE.includes(name)) void runner.adjust();
      return;
    }
    // Of files that could not be read, other fields may make something.
    const files = TRIED_AGAIN.includes(name) ? { files: state.offered } : {};
    void runner.start({ data: needsData(before, changed, state.offered !== 'digits'), ...files });
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
    const before = state.setup;
    const now = showAddress();
    void runner.start({ data: needsData(before, now, state.files !== 'digits') });
  });
  const changed = byId('changed');
  function showChanged(): void {
    changed.hidden = !state.outdated;
    state.tell('outdated');
  }
  button('keep', () => {
    const live = LIVE.map((field) => [field, state.setup[field]]);
    state.setup = { ...state.made, ...Object.fromEntries(live) };
    showInAddress(state.setup);
    show();
  });
  state.on('phase', showChanged);
  state.on('setup', show);
  ownData(state, runner);
  showAddress();
  return { renew: () => setText(byId('data-name'), `${state.dataName}, ${exampleText(state)}`) };
}

function showInAddress(setup: Setup): void {
  const hash = toHash(setup);
  history.replaceState(null, '', hash === '' ? location.pathname + location.search : `#${hash}`);
}

function exampleText({ size, inputs }: State): string {
  if (!size) return `${inputs} features`;
  return `${size.height}x${size.width}${size.channels === 3 ? ' in colour' : ''}`;
}

/** Fields of the data that may make something of files that could not be read before. */
const TRIED_AGAIN: readonly (keyof Setup)[] = ['size', 'label', 'drop', 'categorical', 'missing'];

/** The fields of the data that the visitor offered have a use for. */
function dataFields({ offered, test }: State): (keyof Setup)[] {
  const fields: (keyof Setup)[] = ['images'];
  if (offered === 'digits') return fields;
  if (offered.some(isPicture)) fields.push('size');
  if (offered.some(isTable)) fields.push('label', 'drop', 'categorical', 'missing');
  if (offered.some(isTable) || test.values instanceof Float32Array) fields.push('scale');
  return fields;
}

const textOf = (setup: Setup, name: keyof Setup): string =>
  Array.isArray(setup[name]) ? setup[name].join(', ') : String(setup[name]);

function faultOf({ name, value }: Field, setup: Setup): string | undefined {
  const changed = withField(setup, name as keyof Setup, value);
  return changed ? fault(name as keyof Setup, changed) : `${name}: not a value`;
}
