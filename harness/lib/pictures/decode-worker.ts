// A thread that reads and decodes the pictures it is told, and resizes them if it is told to.
import { parentPort } from 'node:worker_threads';
import { type DecodeTask, decodeTask } from './decode-task.js';

parentPort?.on('message', (task: DecodeTask) => {
  const result = decodeTask(task);
  parentPort?.postMessage(
    result,
    result.pictures.flatMap((one) => ('pixels' in one ? [one.pixels.buffer as ArrayBuffer] : [])),
  );
});
