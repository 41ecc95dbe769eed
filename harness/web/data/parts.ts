// What files hold before it is a data set.
import type { ExampleForm, FileLabels, Gaps, HostArray, TableForm } from 'latentgpu/data';

export interface Part {
  examples: HostArray;
  labels?: FileLabels | undefined;
  /** Of a table: where values are missing, until the means of the training rows are there. */
  gaps?: Gaps | undefined;
}

export interface Parts {
  train: Part;
  test?: Part;
  /** Of rows of features: what each number is called, and what the columns became. */
  features?: readonly string[];
  form?: TableForm;
  /** Where it is known whatever they are: pictures may be all black. */
  numbers?: ExampleForm['numbers'];
}
