// What the programs of harness/ share, as one module: `#harness` in package.json, built into dist/harness.js.
export { compareReports } from './compare.js';
export {
  chooseImages,
  type DataListener,
  dataPlaces,
  type LoadedData,
  loadData,
  type Places,
  type Source,
} from './data.js';
export {
  describeAdapter,
  describeData,
  describeModel,
  describeRun,
  describeSpec,
  type RunDescription,
} from './describe.js';
export { DownloadError, describeFailure, type Failure, type Program, runProgram } from './fail.js';
export {
  checkImagesFit,
  chooseOutputs,
  gatherMaterial,
  loadModel,
  loadRunData,
} from './generate.js';
export { type GenerateOptions, generateHelp, readGenerateOptions } from './generate-options.js';
export { kernelSummary, kernelTable, progressLine } from './kernel-table.js';
export { describeLoss, layerTerms, lossTerms, lossText, type NamedTerm } from './losses.js';
export { chosenModel, type ModelOptions, readSpec } from './model-options.js';
export { readTrainOptions, type TrainOptions, trainHelp } from './options.js';
export type { TracePoint } from './plots.js';
export {
  checkOutputs,
  type ProfileProgramOptions,
  profileHelp,
  readProfileOptions,
} from './profile-options.js';
export { ceilingsText, dispatchesNamed, profileSummary, profileTable } from './profile-table.js';
export { readReport } from './read-report.js';
export { readRun, type StoredRun } from './read-run.js';
export { duration, Report, type ReportOptions, type ReportStream } from './report.js';
export { defaultResults, Results } from './results.js';
export * from './run-folder.js';
export { type Trace, type TraceEvent, traceEvents } from './trace.js';
export {
  asFloats,
  checkOut,
  chooseEpochs,
  chooseLength,
  choosePretraining,
  defaultOut,
  firstLabels,
  labelsByClass,
  type Pretraining,
  type RunLength,
  type Stop,
  stopOnSignals,
} from './train.js';
export { type Course, trainerOptions } from './training-options.js';
