// What is happening, in a sentence, and buttons for worked examples: set-ups that show something, and what to look at then.
import { byId, setText } from '../dom.js';
import type { Runner } from '../run.js';
import { DEFAULTS, OF_DATA, type Setup, toHash } from '../setup.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

/** A set-up that shows something. */
interface Example {
  setup: Partial<Setup>;
  /** What to look at while it learns. */
  look: string;
  /** Where that is. */
  place: string;
}

const EXAMPLES: Record<string, Example> = {
  anew: {
    setup: {},
    look: 'A new model learns from random weights. Watch the map: the colours part, and blurs become digits.',
    place: 'latent',
  },
  denoise: {
    setup: { preset: 'denoising', latent: 16 },
    look: 'The model is shown noisy images and learns to give back clean ones. Scribble noise on the pad.',
    place: 'pad-panel',
  },
  beta: {
    setup: { preset: 'betaVae', beta: 10, latent: 8 },
    look: 'KL counts ten times: images get blurred, and only a few dimensions of the code keep a meaning. Move them one at a time.',
    place: 'sliders-title',
  },
};

export function nowPanel(state: State, runner: Runner): Panel {
  const sentence = byId('now-sentence');
  /** The example that was asked for, while its model is there. */
  let example: { setup: Setup; look: string } | undefined;
  const show = () => setText(sentence, state.worded(example?.setup === state.made ? example.look : sentenceOf(state)));
  for (const change of ['phase', 'step', 'outdated'] as const) state.on(change, show);

  const press = async (name: string) => {
    const chosen = EXAMPLES[name];
    if (!chosen) return;
    const { setup, look, place } = chosen;
    const ofData = Object.fromEntries(OF_DATA.map((field) => [field, state.setup[field]]));
    state.setup = { ...DEFAULTS, ...ofData, ...setup };
    history.replaceState(null, '', `#${toHash(state.setup)}`);
    state.tell('setup');
    example = { setup: state.setup, look };
    byId(place).scrollIntoView({ block: 'nearest' });
    await runner.anew();
    if (state.phase === 'ready') void runner.train();
  };
  for (const button of byId('examples').querySelectorAll<HTMLButtonElement>('[data-example]')) {
    button.addEventListener('click', () => void press(button.dataset.example ?? ''));
    state.on('phase', () => {
      button.disabled = !state.usable || !state.session;
    });
  }
  show();
  return { renew: show };
}

function sentenceOf(state: State): string {
  const { phase, step, stepsBefore, begun } = state;
  const before = stepsBefore.toLocaleString('en');
  switch (phase) {
    case 'starting':
      return 'The page is making its data and its model.';
    case 'unsupported':
      return state.stand
        ? `This model was trained for ${before} steps when the page was built, and runs on your processor. Drag over the map: the decoder draws what belongs there.`
        : '';
    case 'training':
      return 'The model learns: each step looks at some images and changes all weights a little, so that it reconstructs them better.';
    case 'ready':
    case 'paused':
      if (!begun) return 'This model has random weights and knows nothing yet. Press Train, and watch it learn.';
      if (stepsBefore > 0 && step === stepsBefore)
        return `This model was trained for ${before} steps when the page was built. Drag over the map: the decoder draws what belongs there. Train goes on from here, Reset begins anew.`;
      return 'Training is paused. Drag over the map, draw on the pad, or press Train to go on.';
    default:
      return '';
  }
}
