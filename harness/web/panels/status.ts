// Buttons to train, and what is going on: adapter, step, speed, loss.
import { button, byId, eachFrame, setText } from '../dom.js';
import type { Runner } from '../run.js';
import type { Phase, State } from '../state.js';
import { unitOf } from './curves.js';
import type { Panel } from './panel.js';

const SAID: Record<Phase, string> = {
  starting: 'Making the data and the model…',
  ready: 'Ready to train.',
  training: 'Training.',
  paused: 'Paused.',
  busy: '',
  lost: 'The device was lost.',
  failed: '',
  unsupported: '',
};

export function statusPanel(state: State, runner: Runner): Panel {
  const train = button('train', () => (state.phase === 'training' ? runner.pause() : runner.train()));
  const one = button('one', () => runner.train({ steps: 1 }));
  const reset = button('reset', () => runner.anew());
  const status = byId('status');
  // On a phone it lies above the page, whose end must come out from under it.
  const bar = byId('bar');
  new ResizeObserver(() => {
    document.documentElement.style.setProperty('--bar', `${bar.offsetHeight}px`);
  }).observe(bar);
  const showPhase = () => {
    const { phase, message } = state;
    document.documentElement.dataset.phase = phase;
    document.documentElement.toggleAttribute('data-stand', state.stand !== undefined);
    setText(train, phase === 'training' ? 'Pause' : state.outdated ? 'Train anew' : 'Train');
    train.disabled = ['starting', 'busy', 'unsupported'].includes(phase);
    one.disabled = !state.session || !['ready', 'paused'].includes(phase) || state.outdated || runner.isToPretrain;
    reset.disabled = !state.usable || !state.session;
    setText(status, message || SAID[phase]);
    setText(byId('adapter'), adapterText(state));
  };
  const showStep = eachFrame(() => {
    const { step, epoch, stepsPerSecond } = state;
    setText(byId('step'), step.toLocaleString('en'));
    setText(byId('epoch'), String(epoch));
    setText(
      byId('speed'),
      stepsPerSecond === 0 || state.phase !== 'training' ? '–' : stepsPerSecond.toFixed(stepsPerSecond < 10 ? 1 : 0),
    );
  });
  state.on('phase', showPhase);
  state.on('outdated', showPhase);
  state.on('phase', showStep);
  state.on('step', showStep);
  showPhase();
  const renew = () => {
    const unit = unitOf(state);
    setText(byId('unit'), unit.charAt(0).toUpperCase() + unit.slice(1));
    showStep();
  };
  return { renew };
}

function adapterText({ session, phase }: State): string {
  if (!session) return phase === 'unsupported' ? 'No GPU to train on' : '';
  const { adapter, parameterCount } = session.info;
  const software = adapter.software ? ' (software)' : '';
  return `${adapter.name}${software} · ${parameterCount.toLocaleString('en')} parameters`;
}
