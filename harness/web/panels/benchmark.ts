// The benchmark: the seed model's step and some of its products on the visitor's GPU, against what that can do at most, and
// the numbers as JSON for an issue. A worker of its own measures (bench/serve.ts) while training pauses.
import { BENCHMARK, type BenchMessage, type PageReport } from '../bench/protocol.js';
import { button, byId, make, setText } from '../dom.js';
import type { Runner } from '../run.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

const COLUMNS = ['What', 'Time', 'Images/s', 'GFLOP/s', 'Of the ceiling', 'Host'];
/** How long the button says that it has copied. */
const SAID_MS = 2000;

export function benchmarkPanel(state: State, runner: Runner): Panel {
  const table = byId('bench-table');
  const summary = byId('bench-summary');
  const hint = summary.textContent ?? '';
  let report: PageReport | undefined;
  const copy = copyButton(() => report);
  const start = button('bench', async () => {
    const resume = state.phase === 'training';
    const told = (doing: string) => setText(summary, `Measuring ${doing}…`);
    setText(summary, 'Measuring…');
    const result = await runner.alone(() => measure(told), 'Running the benchmark…');
    if (result) {
      report = result;
      table.replaceChildren(tableOf(result));
      table.hidden = false;
      copy.hidden = false;
    }
    setText(summary, result ? summaryOf(result) : `${hint} ${state.message}`);
    if (result && resume) void runner.train();
  });
  state.on('phase', () => {
    start.disabled = !state.usable;
  });
  return {};
}

/** @throws Error saying what the worker says, or that it failed */
function measure(told: (doing: string) => void): Promise<PageReport> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: BENCHMARK });
  return new Promise<PageReport>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<BenchMessage>) => {
      if ('doing' in data) told(data.doing);
      else if ('report' in data) resolve(data.report);
      else reject(new Error(`The benchmark failed: ${data.failed}.`));
    });
    worker.addEventListener('error', ({ message }) => reject(new Error(`The benchmark failed: ${message}.`)));
  }).finally(() => worker.terminate());
}

function copyButton(report: () => PageReport | undefined): HTMLButtonElement {
  let said: ReturnType<typeof setTimeout> | undefined;
  const element = button('bench-copy', async () => {
    clearTimeout(said);
    const { clipboard } = navigator as { clipboard?: Clipboard };
    const copied = await clipboard?.writeText(JSON.stringify(report(), null, 2)).then(
      () => true,
      () => false,
    );
    setText(element, copied ? 'Copied' : 'This browser does not let the page copy');
    clearTimeout(said); // one of another press may have been set meanwhile
    said = setTimeout(() => setText(element, own), SAID_MS);
  });
  const own = element.textContent ?? '';
  return element;
}

function summaryOf({ adapter, ceilingGflops }: PageReport): string {
  return (
    `${adapter.name}: at most ${figures(ceilingGflops)} GFLOP/s of multiply-adds. Each step was checked before it was timed: ` +
    'its first loss is that of an untrained model, and it falls.'
  );
}

function tableOf({ steps, products, ceilingGflops }: PageReport): HTMLTableElement {
  const head = make('tr', {}, ...COLUMNS.map((name) => make('th', { scope: 'col' }, name)));
  const ceiling = ['Ceiling: multiply-adds', '', '', figures(ceilingGflops), share(1), ''];
  const body = [
    ...steps.map(({ batch, ms, imagesPerSecond, gflops, share: part, hostUs }) => [
      `Training step, batch ${batch}`,
      timeText(1000 * ms.median),
      figures(imagesPerSecond),
      figures(gflops),
      share(part),
      timeText(hostUs),
    ]),
    ...products.map(({ label, m, n, k, variant, us, gflops, share: part }) => [
      `${label}: ${m} x ${n} x ${k}, ${variant}`,
      timeText(us),
      '',
      figures(gflops),
      share(part),
      '',
    ]),
    ceiling,
  ];
  const rows = body.map((cells) => make('tr', {}, ...cells.map((cell) => make('td', {}, cell))));
  return make('table', {}, make('thead', {}, head), make('tbody', {}, ...rows));
}

function share(part: number): HTMLElement {
  const bar = make('span', { class: 'bar', style: `width: ${Math.min(100, 100 * part).toFixed(1)}%` });
  return make('span', { class: 'share' }, make('span', { class: 'bars' }, bar), `${(100 * part).toFixed(1)}%`);
}

const figures = (value: number): string =>
  value >= 999.5 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
/** Of microseconds. */
const timeText = (us: number): string => (us < 999.5 ? `${us.toPrecision(3)} µs` : `${figures(us / 1000)} ms`);
