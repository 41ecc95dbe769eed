// What the page knows, and who is told when it changes. It starts nothing itself: run.ts does.
import { type CheckedExamples, countOf, type ModelSpec, numbersOf, shapeOfOne, sizeOf, someExamples } from 'latentgpu';
import type { Session } from 'latentgpu/worker';
import type { Chosen } from './data/chosen.js';
import { fromShades, PIXELS, type Range, toShades } from './drawing/shades.js';
import type { Size } from './drawing/sheet.js';
import type { Measured } from './measured.js';
import { needsModel, type Setup } from './setup.js';

/**
 * starting: a device is opened or a model is made. lost: the device is gone, Train opens another. failed: the page cannot
 * go on with this set-up; unsupported: with this browser.
 */
export type Phase = 'starting' | 'ready' | 'training' | 'paused' | 'busy' | 'lost' | 'failed' | 'unsupported';

/** What a model is asked by the panels: by a session, or by what stands in for one where there is no GPU. */
export type Answering = Pick<Session, 'encode' | 'decode' | 'reconstruct' | 'sample' | 'draw'>;

/**
 * What can change. model: another one, with fresh parameters. parameters: they are others. point: `point` or `label`. image: the
 * test image that was chosen. marked: that, or the one that is pointed at. drawing: where the drawing lies.
 */
export interface Changes {
  phase: undefined;
  /** Whether the set-up is still the model's. */
  outdated: undefined;
  setup: undefined;
  model: undefined;
  step: undefined;
  parameters: undefined;
  point: undefined;
  image: undefined;
  marked: undefined;
  drawing: undefined;
}

export class State {
  phase: Phase = 'starting';
  /** For people; what the phase alone does not say. */
  message = '';
  session: Session | undefined;
  /** Where nothing can be trained: the pretrained model, which answers without a GPU. */
  stand: Answering | undefined;
  model: ModelSpec | undefined;
  /** Counts models: what was asked of an older one is no longer wanted. */
  generation = 0;
  /** Of the dataset's test examples, with their labels if there are any; those that the page shows. */
  test: CheckedExamples = { shape: [0, 28, 28], values: new Uint8Array() };
  /** What is black and what white of numbers that are not scaled. */
  plainRange: Range = PIXELS;
  dataName = '';
  /** What the data were made from; and what the visitor offered last, of which none may have been made. */
  files: Chosen[] | 'digits' = 'digits';
  offered: Chosen[] | 'digits' = 'digits';
  /** Of rows: what each number is called; and what the classes are, where that is not their number. */
  features: readonly string[] = [];
  classNames: readonly string[] = [];
  step = 0;
  epoch = 0;
  stepsPerSecond = 0;
  /** Since the model was made: means over the steps of a report. */
  trained: Measured[] = [];
  tested: Measured[] = [];
  /** Of layers that are trained alone before; in order. */
  pretrained: Measured[] = [];
  /** What the model was made of; `setup` is what the visitor wants. */
  made: Setup;
  /** Whether the model is more than its first parameters: it was trained, or loaded. */
  begun = false;
  /** Of the model that the page opened with: steps before this visit; 0 of any other. */
  stepsBefore = 0;
  /** Whether it was trained since it was made, saved or loaded. */
  unsaved = false;
  /** The code that the visitor looks at, [latent]. */
  point = new Float32Array();
  /** Whether the visitor chose it. */
  chosen = false;
  /** The class that is asked of a conditional model. */
  label = 0;
  /** The test image, from 0, that the visitor chose; and the one that they point at. */
  image: number | undefined;
  hovered: number | undefined;
  /** The code of the visitor's own drawing, [latent]. */
  drawing: Float32Array | undefined;

  /** Of the test examples, as of the last round of the panels: several of them need these codes. */
  private asked: { generation: number; codes: Promise<Float32Array | undefined> } | undefined;

  private readonly listeners = new Map<keyof Changes, (() => void)[]>();

  constructor(public setup: Setup) {
    this.made = setup;
  }

  on(change: keyof Changes, listener: () => void): void {
    this.listeners.set(change, [...(this.listeners.get(change) ?? []), listener]);
  }

  tell(change: keyof Changes): void {
    for (const listener of this.listeners.get(change) ?? []) listener();
  }

  enter(phase: Phase, message = ''): void {
    this.phase = phase;
    this.message = asSentence(message);
    this.tell('phase');
  }

  setPoint(point: Float32Array<ArrayBuffer>): void {
    this.point = point;
    this.chosen = true;
    this.tell('point');
  }

  /** Takes a test image as the one that all panels mark, and that pad and walk begin with. */
  choose(image: number): void {
    this.image = image;
    this.tell('image');
    this.tell('marked');
  }

  /** The same, but pad and walk stay as they are: on a map one also clicks to see a place decoded. */
  mark(image: number): void {
    this.image = image;
    this.tell('marked');
  }

  /** Points at a test image, or at none any more. */
  hover(image: number | undefined): void {
    if (image === this.hovered) return;
    this.hovered = image;
    this.tell('marked');
  }

  setDrawing(code: Float32Array | undefined): void {
    this.drawing = code;
    this.tell('drawing');
  }

  /** The test image that all panels mark. */
  get marked(): number | undefined {
    return this.hovered ?? this.image;
  }

  /** Of a test image: its number, and its class where it has one. */
  imageName(image: number): string {
    const label = this.test.labels?.[image];
    return `${this.worded('Image')} ${image + 1}${label === undefined ? '' : `, class ${this.className(label)}`}`;
  }

  /** Whether the session can be asked anything. */
  get usable(): boolean {
    return ['ready', 'training', 'paused'].includes(this.phase) || (this.phase === 'unsupported' && !!this.stand);
  }

  /** Whether the visitor wants another model than the one that there is, which stays until then. */
  get outdated(): boolean {
    return this.begun && needsModel(this.made, this.setup, this.files !== 'digits');
  }

  get classes(): number | undefined {
    return this.model?.classes;
  }

  get latent(): number {
    return this.model?.code.units ?? 0;
  }

  /** Numbers of an example. */
  get inputs(): number {
    return sizeOf(this.test);
  }

  get testCount(): number {
    return countOf(this.test);
  }

  /** Of an image; rows of features have none. */
  get size(): Size | undefined {
    const [height = 0, width, channels = 1] = shapeOfOne(this.test);
    return width === undefined ? undefined : { height, width, channels };
  }

  /** A text about images, as one about rows where the data are such. */
  worded(text: string): string {
    if (this.size) return text;
    return text
      .replace(/\ban image/g, 'a row')
      .replaceAll('image', 'row')
      .replaceAll('Image', 'Row');
  }

  className(label: number): string {
    return this.classNames[label] ?? String(label);
  }

  /** Labels for rows of a class each, if the model takes any. */
  labels(of: (row: number) => number, rows: number): { labels?: number[] } {
    return this.classes === undefined ? {} : { labels: Array.from({ length: rows }, (_, row) => of(row)) };
  }

  /** Numbers in the data's units as they are shown, 0..1; and back. */
  shades(values: Float32Array): Float32Array {
    return toShades(values, this.model?.scaling, this.plainRange);
  }

  unshaded(shades: Float32Array): Float32Array {
    return fromShades(shades, this.model?.scaling, this.plainRange);
  }

  /** Test examples as the model takes them: of bytes 0..1, else in the data's units. [count, inputs] */
  values(first: number, count: number): Float32Array<ArrayBuffer> {
    return numbersOf(someExamples(this.test, first, count)).slice();
  }

  /** Codes of the test examples, [testCount, latent]: asked for once a round. */
  async codes(): Promise<Float32Array | undefined> {
    const { generation } = this;
    if (this.asked?.generation !== generation) {
      const codes = this.ask(async (model) => (await model.encode({ set: 'test', count: this.testCount })).mean);
      this.asked = { generation, codes };
    }
    const codes = await this.asked.codes;
    if (!codes) this.forgetCodes();
    return codes;
  }

  /** Another round begins. */
  forgetCodes(): void {
    this.asked = undefined;
  }

  /**
   * Asks the model something, unless there is none; what fails because the model or the device is gone meanwhile is
   * nobody's fault.
   * @returns nothing if there is no answer, or it is about an older model
   */
  ask<T>(question: (model: Answering) => Promise<T>): Promise<T | undefined> {
    return this.answer(this.session ?? this.stand, question);
  }

  /** The same of what only a session can do. */
  askSession<T>(question: (session: Session) => Promise<T>): Promise<T | undefined> {
    return this.answer(this.session, question);
  }

  private async answer<M, T>(model: M | undefined, question: (model: M) => Promise<T>): Promise<T | undefined> {
    const { generation } = this;
    if (!model || !this.usable) return undefined;
    const current = () => generation === this.generation && this.usable;
    try {
      const answer = await question(model);
      return current() ? answer : undefined;
    } catch (error) {
      if (current()) this.enter(this.phase, messageOf(error));
      return undefined;
    }
  }
}

/**
 * What readers and the engine say begins with the name of a thing and ends without a full stop: here it is a sentence. Names
 * of files, and of numbers of a set-up, stay as they are.
 */
export function asSentence(text: string): string {
  const ended = /[\w)"'\]%]$/.test(text) ? `${text}.` : text;
  return ended.replace(/^[a-z]+(?=[ :,(])/, (word) => word.charAt(0).toUpperCase() + word.slice(1));
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
