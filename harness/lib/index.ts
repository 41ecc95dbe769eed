// What the programs of harness/ share, as one module: `#harness` in package.json, built into dist/harness.js.
export {
  chooseImages,
  type DataListener,
  dataPlaces,
  type LoadedData,
  loadData,
  type Places,
  type Source,
} from './data.js';
export { DownloadError, describeFailure, type Failure, type Program, runProgram } from './fail.js';
export { readTrainOptions, type TrainOptions, trainHelp } from './options.js';
export type { TracePoint } from './plots.js';
export { duration, Report, type ReportOptions, type ReportStream } from './report.js';
export * from './run-folder.js';
export {
  asFloats,
  checkOut,
  chooseEpochs,
  defaultOut,
  describeAdapter,
  describeData,
  describeRun,
  type RunDescription,
  type Stop,
  stopOnSignals,
} from './train.js';
