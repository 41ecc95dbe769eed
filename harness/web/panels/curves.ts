// Loss curves: what is minimised, each of its terms, and the test set's after each epoch; layers that are trained alone before, to
// the left of step 0. Terms that are no likelihood have an axis of their own. A run before can be kept beside this one.
import { type Losses, type LossTerm, lossWeights } from 'latentgpu';
import uPlot from 'uplot';
import { button, byId, cssColour, make, nowAndThen, onSchemeChange, setText } from '../dom.js';
import { type KeptRun, keptColumns, whyApart } from '../kept-run.js';
import { testColumn } from '../measured.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

type Term = 'loss' | LossTerm;

const NAMES: Record<Term, string> = {
  loss: 'Loss',
  bce: 'BCE',
  mse: 'Squared error',
  gaussian: 'Gaussian NLL',
  poisson: 'Poisson NLL',
  kl: 'KL',
  importance: 'Importance',
  l1: 'Sum of |z|',
  sparsity: 'Sparsity',
  commitment: 'Commitment',
  perplexity: 'Perplexity',
};
const COLOURS: Record<Term, string> = {
  loss: '--series-1',
  bce: '--series-2',
  mse: '--series-2',
  gaussian: '--series-2',
  poisson: '--series-2',
  kl: '--series-3',
  importance: '--series-4',
  l1: '--series-3',
  sparsity: '--series-3',
  commitment: '--series-3',
  perplexity: '--series-3',
};
/** Terms of other sizes than the loss, which would be lines at its foot. */
const APART: readonly Term[] = ['kl', 'importance', 'l1', 'sparsity', 'commitment', 'perplexity'];
const TEST_COLOUR = '--series-4';
const PRETRAINING_COLOUR = '--text-soft';
const HEIGHT = 170;
/** A chart that is narrower has no room for the names of its axes; its legend and the panel's title say them. CSS pixels. */
const NARROW = 420;
/** Between two drawings. A chart at every step would be more than people see, and its canvas fills the queue of the GPU. */
const REST_MS = 200;

export function curvesPanel(state: State): Panel {
  const place = byId('chart');
  const legend = byId('legend');
  let plot: uPlot | undefined;
  let values: { name: string; element: HTMLElement }[] = [];
  let hovered: number | null = null;
  const log = byId<HTMLInputElement>('log');
  const at = make('b', {}, '–');

  let kept: KeptRun | undefined;
  const keep = button('keep-run', () =>
    keepRun({ name: nameOfRun(state), trained: [...state.trained], tested: [...state.tested] }),
  );
  const drop = button('drop-run', () => keepRun(undefined));

  const terms = (): Term[] => termsOf(state);
  const here = () => ({ dataName: state.dataName, loss: lossInWords(state) });
  const beside = () => (kept && whyApart(kept, here()) === undefined ? kept : undefined);

  function keepRun(run: Pick<KeptRun, 'name' | 'trained' | 'tested'> | undefined): void {
    kept = run && { ...run, ...here() };
    build();
  }

  function tellKept(): void {
    keep.disabled = state.trained.length === 0;
    drop.hidden = byId('kept-run').hidden = kept === undefined;
    const apart = kept && whyApart(kept, here());
    setText(byId('kept-run'), kept ? `Kept: ${kept.name}${apart ? `, not shown: ${apart}` : ''}.` : '');
  }

  function build(): void {
    const shown = terms();
    tellKept();
    plot?.destroy();
    legend.replaceChildren(make('li', {}, 'Step ', at));
    const names = shown.map((term) => [nameOf(term, state), COLOURS[term]] as const);
    const others = [
      ['Test loss', TEST_COLOUR] as const,
      ...(isPretrained(state) ? [PRETRAINING] : []),
      ...(beside() ? KEPT : []),
    ];
    values = [...names, ...others].map(([name, colour]) => {
      const value = make('b', {}, '–');
      const swatch = make('span', { class: 'swatch', style: `background: var(${colour})` });
      legend.append(make('li', {}, swatch, `${name} `, value));
      return { name, element: value };
    });
    plot = new uPlot(
      optionsOf(shown, { width: place.clientWidth, log: log.checked, state, kept: beside() }, (index) => {
        hovered = index;
        tellValues();
      }),
      dataOf(state, shown, beside()),
      place,
    );
    tellValues();
  }

  const update = nowAndThen(REST_MS, () => {
    const data = dataOf(state, terms(), beside());
    keep.disabled = state.trained.length === 0;
    // Pretraining has a curve of its own, once there is some.
    if (data.length !== plot?.data.length) return build();
    plot.setData(data);
    tellValues();
  });

  function tellValues(): void {
    if (!plot) return;
    const data = plot.data;
    const inWords: string[] = [];
    // One figure of the loss: this one and the legend's change together.
    const now = lastOf(data[1] ?? []) ?? state.tested.at(-1)?.losses.loss;
    setText(byId('nats'), typeof now === 'number' ? lossText(now) : '–');
    const step = hovered === null ? state.step : data[0]?.[hovered];
    setText(at, (step ?? 0).toLocaleString('en'));
    // Two runs report at steps of their own, and the kept one may have gone further: each tells what it had by then.
    const steps = Array.from(data[0] ?? []);
    const reached = state.trained.length === 0 ? steps.length - 1 : steps.findLastIndex((x) => x <= state.step);
    values.forEach(({ name, element }, series) => {
      const column = Array.from(data[series + 1] ?? []);
      const last = lastOf(column.slice(0, reached + 1));
      const pointedAt = hovered === null ? undefined : kept ? lastOf(column.slice(0, hovered + 1)) : column[hovered];
      const value = hovered === null ? last : pointedAt;
      element.textContent = typeof value === 'number' ? lossText(value) : '–';
      if (typeof last === 'number') inWords.push(`${name} ${lossText(last)}`);
    });
    place.setAttribute(
      'aria-label',
      `Loss over ${state.step} steps${inWords.length > 0 ? ': ' : ''}${inWords.join(', ')}`,
    );
  }

  state.on('step', update);
  log.addEventListener('change', build);
  onSchemeChange(build);
  new ResizeObserver(() => {
    if (!plot || place.clientWidth === 0 || place.clientWidth === plot.width) return;
    if (place.clientWidth < NARROW !== plot.width < NARROW) build();
    else plot.setSize({ width: place.clientWidth, height: HEIGHT });
  }).observe(place);
  build();
  return { renew: build };
}

const lastOf = (column: ArrayLike<number | null | undefined>): number | undefined =>
  Array.from(column).findLast((value) => typeof value === 'number') ?? undefined;

/** 'VAE, latent size 2, learning rate 0.003, batch 128', as its curves were made. */
function nameOfRun({ made }: State): string {
  const kind = document.querySelector(`[name=preset] [value=${made.preset}]`)?.textContent;
  return `${kind}, latent size ${made.latent}, learning rate ${made.lr}, batch ${made.batch}`;
}

/** What is minimised, and what it is the sum of; the one term of a model that has no other is the loss itself. */
function termsOf({ model }: State): Term[] {
  const weights = model ? lossWeights(model) : new Map<LossTerm, number>();
  return isOne(weights) ? ['loss'] : ['loss', ...weights.keys()];
}

const isOne = (weights: ReadonlyMap<LossTerm, number>): boolean =>
  weights.size === 1 && [...weights.values()].every((weight) => weight === 1);

function nameOf(term: Term, { model }: State): string {
  const weights = model ? lossWeights(model) : new Map<LossTerm, number>();
  const [only] = weights.keys();
  return term === 'loss' && only && isOne(weights) ? `${NAMES.loss} (${NAMES[only]})` : NAMES[term];
}

function dataOf({ trained, tested, pretrained }: State, terms: readonly Term[], kept?: KeptRun): uPlot.AlignedData {
  const before = pretrained.at(-1)?.step ?? 0;
  const trainedOrLoaded = trained.length === 0 ? tested.slice(0, 1).map(({ step }) => ({ step, losses: {} })) : trained;
  const rows: readonly { step: number; losses: Partial<Losses> }[] = [
    ...pretrained.map(({ step }) => ({ step: step - before, losses: {} })),
    ...trainedOrLoaded,
  ];
  const steps = rows.map(({ step }) => step);
  const testOf = [...pretrained.map(() => null), ...testColumn(steps.slice(pretrained.length), tested)];
  const curves = terms.map((term) => rows.map(({ losses }) => losses[term] ?? null));
  const alone = rows.map((_, i) => pretrained[i]?.losses.loss ?? null);
  const own: uPlot.AlignedData = [steps, ...curves, testOf, ...(pretrained.length > 0 ? [alone] : [])];
  return kept ? uPlot.join([own, keptColumns(kept)]) : own;
}

/** A likelihood is in nats; with weights or a penalty it is a likelihood no more. */
export function unitOf(state: State): string {
  const { model } = state;
  const weights = model ? lossWeights(model) : new Map<LossTerm, number>();
  const likelihoods = ['bce', 'mse', 'gaussian', 'poisson', 'kl'];
  const plain = [...weights].every(([term, weight]) => weight === 1 && likelihoods.includes(term));
  if (!plain) return state.worded('weighted loss an image');
  return state.worded(weights.has('mse') ? 'squared error an image' : 'nats an image');
}

/** 'nats an image: BCE + 4 KL' */
function lossInWords(state: State): string {
  const weights = state.model ? lossWeights(state.model) : new Map<LossTerm, number>();
  const terms = [...weights].map(([term, weight]) => `${weight === 1 ? '' : `${weight} `}${NAMES[term]}`);
  return `${unitOf(state)}: ${terms.join(' + ')}`;
}

/** Of an axis: no digits that its neighbours share. */
const tickText = (value: number): string => (Math.abs(value) < 1e5 ? String(value) : value.toExponential(0));

/** Four significant figures, or all whole digits, in eight signs at most: a loss that explodes has many. */
export function lossText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e4 && size < 1e5) return value.toFixed(0);
  return size === 0 || (size >= 1e-3 && size < 1e4) ? value.toPrecision(4) : value.toExponential(3);
}

function optionsOf(
  terms: readonly Term[],
  { width, log, state, kept }: { width: number; log: boolean; state: State; kept: KeptRun | undefined },
  hover: (index: number | null) => void,
): uPlot.Options {
  const axis = {
    stroke: cssColour('--text-soft'),
    grid: { stroke: cssColour('--line'), width: 1 },
    ticks: { show: false },
  };
  const apart = terms.filter((term) => APART.includes(term));
  const line = (colour: string, thickness = 1.25) => ({
    stroke: cssColour(colour),
    width: thickness,
    points: { show: false },
    spanGaps: true,
  });
  const isNarrow = width < NARROW;
  const unit = unitOf(state);
  const dots = (colour: string, fill: string) => ({
    stroke: cssColour(colour),
    width: 0,
    points: { show: true, size: isNarrow ? 4 : 6, fill },
  });
  const named = (label: string) => (isNarrow ? { size: 34 } : { label, labelSize: 20, size: 46 });
  return {
    width: Math.max(width, 200),
    height: HEIGHT,
    padding: [8, apart.length > 0 ? 4 : 16, 0, 0], // half of the last step's number stands to the right of the curves
    scales: {
      x: { time: false, range: (_, least, most) => [Math.min(0, least ?? 0), Math.max(most ?? 10, least ?? 0, 10)] },
      y: log ? { distr: 3 } : { range: rangeOf },
      apart: { range: (_, least, most) => [Math.min(0, least ?? 0), Math.max(1.15 * (most ?? 1), 1e-3)] },
    },
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    axes: [
      { ...axis, ...named('step'), size: isNarrow ? 28 : 34 },
      { ...axis, ...named(unit), values: (_, ticks) => ticks.map(tickText) },
      ...(apart.length > 0
        ? [{ ...axis, ...apartAxis(apart), ...named(namesOf(apart)), ...(isNarrow && { size: 30 }) }]
        : []),
    ],
    series: [
      {},
      ...terms.map((term) => ({
        label: NAMES[term],
        // Terms are drawn over the loss, which is to be seen where they are near to it.
        ...line(COLOURS[term], term === 'loss' ? 3 : undefined),
        ...(apart.includes(term) && { scale: 'apart' }),
      })),
      { label: 'Test loss', ...dots(TEST_COLOUR, cssColour(TEST_COLOUR)) },
      ...(isPretrained(state) ? [{ label: PRETRAINING[0], ...line(PRETRAINING_COLOUR, 2) }] : []),
      ...(kept
        ? [
            { label: KEPT[0][0], ...line(KEPT[0][1], 2), dash: [6, 4] },
            { label: KEPT[1][0], ...dots(KEPT[1][1], 'transparent') },
          ]
        : []),
    ],
    hooks: { setCursor: [(plot) => hover(plot.cursor.idx ?? null)] },
  };
}

const namesOf = (terms: readonly Term[]): string => terms.map((term) => NAMES[term]).join(', ');

/** To the right, in the colour of its curves; their grid would cross the other. */
const apartAxis = (terms: readonly Term[]): uPlot.Axis => ({
  scale: 'apart',
  side: 1,
  grid: { show: false },
  stroke: cssColour(COLOURS[terms[0] ?? 'kl']),
  values: (_, ticks) => ticks.map(tickText),
});

const PRETRAINING = ['Pretraining, a layer after the other', PRETRAINING_COLOUR] as const;
const KEPT = [
  ['Kept loss (dashed)', '--text-soft'],
  ['Kept test loss (rings)', '--text-soft'],
] as const;
const isPretrained = ({ pretrained }: State): boolean => pretrained.length > 0;

/** From 0, and no higher than the curves after their first steps go: those are huge and say nothing. */
function rangeOf(plot: uPlot, least: number | null, most: number | null): [number, number] {
  const numbers = (series: number) =>
    Array.from(plot.data.at(series) ?? []).filter((value) => typeof value === 'number');
  const losses = numbers(1).length > 0 ? numbers(1) : numbers(-1);
  const later = losses.slice(Math.min(5, Math.floor(losses.length / 4)));
  const top = Math.min(most ?? 1, 1.15 * Math.max(...later, 1e-3));
  return [Math.min(0, least ?? 0), losses.length === 0 ? 1 : top];
}
