// An ONNX graph as the bytes of a file, by the protobuf definition of npm's onnx-proto.
import proto from 'onnx-proto';
import type { OnnxAttribute, OnnxConstant, OnnxGraph, OnnxNode, OnnxValue } from './onnx-graph.js';

const { onnx } = proto;
const { AttributeType } = onnx.AttributeProto;
const { DataType } = onnx.TensorProto;

/** Of the file format: that of ONNX 1.12, which brought opset 17. */
const IR_VERSION = 8;
const OPSET = 17;

const DATA_TYPES = { float: DataType.FLOAT, int64: DataType.INT64 } as const;

/** @param metadata shown by viewers such as Netron, kept by runtimes */
export function encodeOnnx(graph: OnnxGraph, metadata: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const bytes = onnx.ModelProto.encode({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET }],
    producerName: 'latentgpu',
    producerVersion: metadata.version ?? '',
    docString: graph.doc,
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      docString: graph.doc,
      input: graph.inputs.map(encodeValue),
      output: graph.outputs.map(encodeValue),
      node: graph.nodes.map(encodeNode),
      initializer: graph.constants.map(encodeConstant),
    },
  }).finish();
  return new Uint8Array(bytes);
}

function encodeValue({ name, type, width, doc }: OnnxValue) {
  const dim = [{ dimParam: 'batch' }, ...(width === undefined ? [] : [{ dimValue: width }])];
  return { name, docString: doc, type: { tensorType: { elemType: DATA_TYPES[type], shape: { dim } } } };
}

function encodeNode({ op, name, inputs, output, attributes }: OnnxNode) {
  return { opType: op, name, input: inputs, output: [output], attribute: attributes.map(encodeAttribute) };
}

function encodeAttribute({ name, value, type }: OnnxAttribute) {
  switch (type) {
    case 'float':
      return { name, type: AttributeType.FLOAT, f: value };
    case 'int':
      return { name, type: AttributeType.INT, i: value };
    case 'string':
      return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
    case 'ints':
      return { name, type: AttributeType.INTS, ints: [...value] };
  }
}

function encodeConstant({ name, type, shape, values }: OnnxConstant) {
  const stored = type === 'float' ? values : BigInt64Array.from(values, BigInt);
  // Little-endian, as ONNX wants it and every machine that Node runs on has it.
  const rawData = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  return { name, dataType: DATA_TYPES[type], dims: [...shape], rawData };
}
