// Rows of features as small charts: a bar for each feature, and marks for what a model makes of it.
import { context2d } from '../dom.js';

/** Of a chart, in pixels of its canvas. */
const CHART = { height: 110, width: 180 };
const MARGIN = 7;
const BAR = '#7f8896';
const LINE = '#39404c';
const MARK = '#ffb703';
/** With more features than that marks are a line. */
const MOST_MARKS = 60;

export interface Charts {
  /** [n, features], 0 the foot of a chart and 1 its top. */
  bars: Float32Array;
  /** The same. */
  marks?: Float32Array | undefined;
  features: number;
  columns: number;
}

/** What a chart of so many rows and columns is shaped like. */
export const chartsShape = (rows: number, columns: number): string =>
  `${columns * CHART.width} / ${rows * CHART.height}`;

export function drawCharts(canvas: HTMLCanvasElement, { bars, marks, features, columns }: Charts): void {
  const count = bars.length / features;
  canvas.width = columns * CHART.width;
  canvas.height = Math.ceil(count / columns) * CHART.height;
  const context = context2d(canvas);
  if (!context) return;
  context.fillStyle = '#000';
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (let row = 0; row < count; row++) {
    const place = {
      left: (row % columns) * CHART.width + MARGIN,
      top: Math.floor(row / columns) * CHART.height + MARGIN,
    };
    const of = (values: Float32Array) => values.subarray(row * features, (row + 1) * features);
    drawOne(context, place, of(bars), marks && of(marks));
  }
}

function drawOne(
  context: CanvasRenderingContext2D,
  { left, top }: { left: number; top: number },
  bars: Float32Array,
  marks: Float32Array | undefined,
): void {
  const [height, width] = [CHART.height - 2 * MARGIN, CHART.width - 2 * MARGIN];
  const step = width / bars.length;
  const y = (shade: number) => top + height * (1 - Math.min(1, Math.max(0, shade)));
  context.fillStyle = LINE;
  context.fillRect(left, top + height, width, 1);
  context.fillStyle = BAR;
  bars.forEach((shade, at) => {
    context.fillRect(left + at * step, y(shade), Math.max(1, step - (step > 4 ? 2 : 0)), top + height - y(shade));
  });
  if (!marks) return;
  context.fillStyle = context.strokeStyle = MARK;
  if (marks.length <= MOST_MARKS)
    marks.forEach((shade, at) => {
      context.fillRect(left + at * step, y(shade) - 1.5, Math.max(1, step - (step > 4 ? 2 : 0)), 3);
    });
  else {
    context.beginPath();
    marks.forEach((shade, at) => {
      context.lineTo(left + (at + 0.5) * step, y(shade));
    });
    context.stroke();
  }
}
