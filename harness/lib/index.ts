// What the programs of harness/ share, as one module: `#harness` in package.json, built into dist/harness.js.

export { type BenchParts, runBench } from './bench/bench.js';
export { benchText } from './bench/bench-text.js';
export type { BenchReport } from './bench/report.js';
export {
  chooseImages,
  type DataListener,
  dataPlaces,
  type LoadedData,
  loadData,
  type Places,
  type Source,
} from './data/data.js';
export { firstLabels, firstNumbers, labelsByClass } from './data/examples.js';
export { writeIdxFiles } from './data/idx-files.js';
export { adviceFor } from './doctor/advice.js';
export { doctorText } from './doctor/doctor-text.js';
export { lookAround } from './doctor/machine.js';
export { tryAdapters } from './doctor/trial.js';
export { makePage } from './export/make-page.js';
export { encodeOnnx } from './export/onnx-file.js';
export { describeGraph, onnxGraphs } from './export/onnx-graph.js';
export {
  checkImagesFit,
  chooseOutputs,
  gatherMaterial,
  loadModel,
  loadRunData,
  refusalOf,
} from './generate/generate.js';
export { inspectTable } from './inspect/inspect-table.js';
export { type FileSummary, summariseFile, tensorFiles } from './inspect/summary.js';
export { type BenchOptions, benchHelp, readBenchOptions } from './options/bench-options.js';
export { type DataOptions, dataHelp, readDataOptions } from './options/data-options.js';
export { type DoctorOptions, doctorHelp, readDoctorOptions } from './options/doctor-options.js';
export { type ExportOptions, exportHelp, readExportOptions } from './options/export-options.js';
export { commandOf, PROGRAMS, programName } from './options/flags/command.js';
export { type GenerateOptions, generateHelp, readGenerateOptions } from './options/generate-options.js';
export { type InspectOptions, inspectHelp, readInspectOptions } from './options/inspect-options.js';
export { latentgpuHelp, readCommand } from './options/latentgpu-options.js';
export { chosenModel, readSpec } from './options/model/choose-model.js';
export type { ModelOptions } from './options/model/model-flags.js';
export {
  checkOutputs,
  type ProfileProgramOptions,
  profileHelp,
  readProfileOptions,
} from './options/profile-options.js';
export { readScoreOptions, type ScoreProgramOptions, scoreHelp } from './options/score-options.js';
export {
  MODEL_FLAG_NAMES,
  readGivenOptions,
  readTrainOptions,
  type TrainOptions,
  trainHelp,
} from './options/train-options.js';
export { type Course, trainerOptions } from './options/training-options.js';
export type { TracePoint } from './plots/plots.js';
export { scalingPlot } from './plots/scaling-plot.js';
export { compareReports } from './profile/compare.js';
export { kernelSummary, kernelTable, progressLine } from './profile/kernel-table.js';
export { ceilingsText, dispatchesNamed, profileSummary, profileTable } from './profile/profile-table.js';
export { readReport } from './profile/read-report.js';
export { type Trace, type TraceEvent, traceEvents } from './profile/trace.js';
export {
  describeAdapter,
  describeData,
  describeModel,
  describeRun,
  describeSpec,
  type RunDescription,
  versions,
} from './report/describe.js';
export { layerTable } from './report/layer-table.js';
export { describeLoss, layerTerms, lossTerms, lossText, type NamedTerm } from './report/losses.js';
export { print } from './report/print.js';
export { duration, Report, type ReportOptions, type ReportStream } from './report/report.js';
export { beginRun, makeJob, modelOf, openRunFolder, splitImages } from './run/begin.js';
export { DownloadError, describeFailure, type Failure, type Program, runProgram } from './run/fail.js';
export { tryPrecision } from './run/half-trial.js';
export { chooseEpochs, chooseLength, choosePretraining, type Pretraining, type RunLength } from './run/length.js';
export { trainAndRecord } from './run/record.js';
export { chooseStart } from './run/resume.js';
export { type Stop, stopOnSignals } from './run/stop.js';
export { chooseVariants } from './run/variants.js';
export { checkOut, defaultOut } from './run-folder/out.js';
export { readRun, readWeights, type StoredRun } from './run-folder/read-run.js';
export { Results } from './run-folder/results.js';
export * from './run-folder/run-folder.js';
export { readTensorFile, type TensorFile } from './run-folder/tensor-file.js';
export {
  labelsOf,
  loadRows,
  orderOf,
  scorerOf,
  scoresBy,
  scoresCsv,
  thresholdText,
  writeScores,
} from './score/score.js';
export { oddClasses, writeSpread } from './score/spread.js';
export { findThreshold } from './score/threshold.js';
export { writeTop } from './score/top.js';
