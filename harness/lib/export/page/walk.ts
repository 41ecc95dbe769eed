// A walk between two codes: of test images, samples, or the visitor's own image. All places on the way are decoded at once, so
// that slider and Play only show them.
import { button, byId, latest, make, setText } from '../../../web/dom.js';
import { downloadPng, HostPicture } from '../../../web/drawing/picture.js';
import { defaultWalk, line, snapped } from '../../generate/between.js';
import { labelsFor } from '../../generate/labels.js';
import { fillClasses } from './classes.js';
import { exampleName } from './encode.js';
import type { Coded, State } from './state.js';

/** Places on the way, both ends among them: one for each percent. */
const PLACES = 101;
/** Between those of the strip: as many as in the picture of generate.js. */
const STRIDE = 10;
/** Of the way, there or back. */
const PLAY_MS = 4000;
/** The class changes half-way, as it cannot be half of one. */
const CHANGES = 'changes';

const KINDS = { examples: 'a test image', samples: 'a sample', own: 'your image' } as const;
type Kind = keyof typeof KINDS;

class End {
  readonly kind: HTMLSelectElement;
  private readonly picture: HostPicture;
  private readonly title: HTMLElement;
  /** The visitor's image as it was when it was taken: it may be drawn on for the other end. */
  private own: Coded | undefined;
  /** Among the examples, or the samples. */
  private index: number;

  constructor(
    private readonly state: State,
    readonly id: 'from' | 'to',
    first: number,
    changed: () => void,
  ) {
    this.index = first;
    this.kind = byId(`${id}-kind`);
    this.title = byId(`${id}-name`);
    this.picture = new HostPicture(byId(id), '');
    const { examples, spec } = state;
    const kinds = (Object.keys(KINDS) as Kind[]).filter(
      (kind) =>
        kind === 'own' ||
        (examples.count > 0 && !(kind === 'samples' && spec.code.kind === 'quantized')) ||
        (kind === 'samples' && spec.code.kind === 'gaussian'),
    );
    this.kind.replaceChildren(...kinds.map((kind) => make('option', { value: kind }, KINDS[kind])));
    byId(id).style.aspectRatio = `${examples.width} / ${examples.height}`;
    const another = button(`${id}-other`, () => {
      if (this.kind.value === 'own') this.own = state.own;
      else this.index++;
      changed();
    });
    const chosen = () => {
      this.own = state.own;
      setText(another, this.kind.value === 'own' ? 'As it is now' : 'Another');
      changed();
    };
    this.kind.addEventListener('change', chosen);
    setText(another, this.kind.value === 'own' ? 'As it is now' : 'Another');
  }

  /** Nothing while it is not known. */
  get coded(): Coded | undefined {
    const { spec, examples, exampleCodes, samples, own } = this.state;
    if (this.kind.value === 'own') {
      this.own ??= own;
      return this.own;
    }
    if (this.kind.value === 'samples') return samples[this.index % Math.max(1, samples.length)];
    if (exampleCodes.length === 0) return undefined;
    const at = this.index % examples.count;
    const latent = spec.code.units;
    return {
      name: exampleName(this.state, at),
      image: this.state.exampleImage(at),
      code: exampleCodes.subarray(at * latent, (at + 1) * latent),
      label: spec.classes === undefined ? undefined : examples.labels?.[at],
    };
  }

  show({ name, image }: Coded): void {
    setText(this.title, `${this.id === 'from' ? 'From' : 'To'}: ${name}`);
    this.picture.draw(image, this.state.examples, 1);
    this.picture.canvas.setAttribute('aria-label', name);
  }
}

export function walkPanel(state: State): void {
  const { spec, examples } = state;
  const { classes } = spec;
  const slider = byId<HTMLInputElement>('share');
  const chosen = byId<HTMLSelectElement>('walk-class');
  const between = new HostPicture(byId('between'), 'The image decoded on the way');
  const strip = new HostPicture(byId('strip'), 'Eleven images at equal steps on the way');
  byId('between').style.aspectRatio = `${examples.width} / ${examples.height}`;
  fillClasses(chosen, classes, [[CHANGES, 'as the ends']]);
  if (spec.code.kind === 'quantized')
    setText(
      byId('walk-help'),
      "The codes on the straight line from one image's code to the other's, each place of them the nearest vector of the codebook, decoded; below them eleven at equal steps.",
    );
  const show = () => {
    const place = slider.valueAsNumber;
    setText(byId('percent'), `${place}%`);
    if (state.walk.length > 0)
      between.draw(state.walk.subarray(place * spec.inputs, (place + 1) * spec.inputs), examples, 1);
  };
  const refresh = latest(async () => {
    const [a, b] = [from.coded, to.coded];
    if (!a || !b) return;
    from.show(a);
    to.show(b);
    const labels = Uint8Array.from(
      { length: PLACES },
      (_, i) => (chosen.value === CHANGES ? (i < PLACES / 2 ? a : b).label : Number(chosen.value)) ?? 0,
    );
    const straight = line(a.code, b.code, PLACES);
    const codes = spec.code.kind === 'quantized' ? snapped(straight, state.codebook, spec.code.dimensions) : straight;
    const made = await state.ask((model) => model.decode(codes, labelsFor(spec, labels)));
    if (!made) return;
    state.walk = made;
    const shown = Array.from({ length: (PLACES - 1) / STRIDE + 1 }, (_, i) => i * STRIDE * spec.inputs);
    const images = new Float32Array(shown.length * spec.inputs);
    shown.forEach((at, i) => {
      images.set(made.subarray(at, at + spec.inputs), i * spec.inputs);
    });
    strip.draw(images, examples, shown.length);
    play.disabled = save.disabled = false;
    show();
  });
  const changed = () => void refresh();
  const [first, second] = examples.count > 0 ? defaultWalk(examples) : [0, 1];
  const [from, to] = [new End(state, 'from', first, changed), new End(state, 'to', second, changed)];

  let playing = false;
  const run = () => {
    // From where the slider is, there and back.
    const began = performance.now() - (slider.valueAsNumber / (PLACES - 1)) * PLAY_MS;
    const frame = (now: number) => {
      if (!playing) return;
      const way = ((now - began) / PLAY_MS) % 2;
      slider.value = String(Math.round((PLACES - 1) * (way > 1 ? 2 - way : way)));
      show();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  };
  const setPlaying = (is: boolean) => {
    playing = is;
    setText(play, is ? 'Pause' : 'Play');
    if (is) run();
  };
  const play = button('play', () => setPlaying(!playing));
  const save = button('walk-png', () => downloadPng([strip.canvas], 'walk.png'));
  slider.addEventListener('input', () => {
    setPlaying(false);
    show();
  });
  chosen.addEventListener('change', changed);
  state.on('examples', changed);
  state.on('samples', () => {
    if ([from, to].some(({ kind }) => kind.value === 'samples')) changed();
  });
  state.on('own', () => {
    if (state.walk.length === 0) changed(); // the first that there is
  });
}
