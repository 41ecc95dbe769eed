// The profile of a training step: its kernels with bars, and the WGSL of each a click away.
import type { Plan } from 'latentgpu';
import { type ProfileReport, type ProfileRow, shaderText } from 'latentgpu/profile';
import { button, byId, make, setText } from '../dom.js';
import type { Runner } from '../run.js';
import type { State } from '../state.js';
import type { Panel } from './panel.js';

const STEPS = 20;
const COLUMNS = ['#', 'Layer', 'Kernel', 'Tensors', 'Time', 'Share', 'GFLOP/s', 'GB/s', 'WGSL'];

export function profilePanel(state: State, runner: Runner): Panel {
  const table = byId('profile-table');
  const summary = byId('profile-summary');
  const hint = summary.textContent ?? '';
  const measure = button('measure', async () => {
    const resume = state.phase === 'training';
    setText(summary, 'Measuring…');
    const result = await runner.alone(
      async (session) => ({ plan: await session.plan(), report: await session.profile({ steps: STEPS }) }),
      'Measuring a training step…',
    );
    if (result) {
      table.replaceChildren(tableOf(result.report, result.plan));
      table.hidden = false;
    }
    setText(summary, result ? summaryOf(result.report) : `${hint} ${state.message}`);
    if (result && resume) void runner.train();
  });
  state.on('phase', () => {
    measure.disabled = !state.usable;
  });
  return {
    renew: () => {
      table.hidden = true;
      setText(summary, hint);
    },
  };
}

function summaryOf({ step, bottleneck, method, rows }: ProfileReport): string {
  const by = method === 'timestamps' ? "by the GPU's timestamps" : 'by repetition of each kernel';
  return `${rows.length} dispatches, ${timeText(step.wallUntimed)} a step, measured ${by}. ${bottleneck.sentence}`;
}

function tableOf({ rows }: ProfileReport, plan: Plan): HTMLTableElement {
  const head = make('tr', {}, ...COLUMNS.map((name) => make('th', { scope: 'col' }, name)));
  const largest = Math.max(...rows.map(({ share }) => share));
  const body = rows.map((row) => rowOf(row, plan, largest));
  return make('table', {}, make('thead', {}, head), make('tbody', {}, ...body));
}

function rowOf(row: ProfileRow, plan: Plan, largest: number): HTMLTableRowElement {
  const { index, label, kernel, shapes, median, share, gflops, gbs } = row;
  const bar = make('span', { class: 'bar', style: `width: ${((100 * share) / largest).toFixed(1)}%` });
  const open = make('button', { type: 'button', 'aria-label': `WGSL of ${kernel}, ${label}` }, 'WGSL');
  open.addEventListener('click', () => showShader(plan, index));
  const cells: (Node | string)[] = [
    String(index + 1),
    label,
    make('code', {}, kernel),
    shapes,
    timeText(median),
    make('span', { class: 'share' }, make('span', { class: 'bars' }, bar), `${(100 * share).toFixed(1)}%`),
    rateText(gflops),
    rateText(gbs),
    open,
  ];
  return make('tr', {}, ...cells.map((cell) => make('td', {}, cell)));
}

function showShader(plan: Plan, index: number): void {
  const dispatch = plan.dispatches[index];
  if (!dispatch) return;
  setText(byId('wgsl-title'), `${dispatch.kernel} of ${dispatch.label}`);
  setText(byId('wgsl-code'), shaderText(dispatch).code);
  byId<HTMLDialogElement>('wgsl').showModal();
  byId('wgsl-code').scrollTop = 0;
}

const rateText = (rate: number): string => rate.toFixed(rate < 10 ? 2 : 0);

/** Of microseconds. */
const timeText = (us: number): string => (us < 999.5 ? `${us.toPrecision(3)} µs` : `${(us / 1000).toPrecision(3)} ms`);
