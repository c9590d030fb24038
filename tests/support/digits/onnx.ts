/**
 * Writes a network of convolutions as an ONNX model in the layout of NeMo's CTC models, which sherpa-onnx reads:
 * features (1, bands, frames) and their number in, log probabilities (1, frames / 4, tokens) out.
 * Source: onnx.proto3 of ONNX 1.16 (the field numbers below), sherpa-onnx's offline-nemo-enc-dec-ctc-model.cc.
 */
import protobuf from 'protobufjs'
import type { Layer } from './network.ts'

const schema = protobuf.parse(
  `syntax = "proto3";
  message Attribute { string name = 1; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
  message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message Dimension { int64 dim_value = 1; string dim_param = 2; }
  message Shape { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Type { TensorType tensor_type = 1; }
  message Value { string name = 1; Type type = 2; }
  message Node { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated Attribute attribute = 5; }
  message Graph { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated Value input = 11; repeated Value output = 12; }
  message Opset { string domain = 1; int64 version = 2; }
  message Entry { string key = 1; string value = 2; }
  message Model { int64 ir_version = 1; string producer_name = 2; Graph graph = 7; repeated Opset opset_import = 8; repeated Entry metadata_props = 14; }`,
  { keepCase: true },
).root

const [float, int64] = [1, 7]
const attributes = { INT: 2, INTS: 7 }

const ints = (name: string, values: readonly number[]) => ({ name, ints: values, type: attributes.INTS })
const tensor = (name: string, dims: readonly number[], values: Float32Array) => ({
  ...{ name, dims, data_type: float },
  raw_data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
})
const value = (name: string, type: number, dims: readonly (number | string)[]) => ({
  name,
  type: {
    tensor_type: {
      elem_type: type,
      shape: { dim: dims.map((dim) => (typeof dim === 'string' ? { dim_param: dim } : { dim_value: dim })) },
    },
  },
})

/** `metadata` is what sherpa-onnx asks of the model. */
export function onnxOf(layers: readonly Layer[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const last = layers.length - 1
  const convolutions = layers.flatMap(({ width, stride }, i) => {
    const half = (width - 1) / 2
    const convolution = {
      ...{ op_type: 'Conv', name: `conv${i}` },
      input: [i === 0 ? 'audio_signal' : `heard${i - 1}`, `weights${i}`, `biases${i}`],
      output: [`scores${i}`],
      attribute: [ints('kernel_shape', [width]), ints('strides', [stride]), ints('pads', [half, half])],
    }
    const threshold = {
      ...{ op_type: 'Relu', name: `relu${i}`, input: [`scores${i}`], output: [`heard${i}`] },
    }
    return i === last ? [convolution] : [convolution, threshold]
  })
  const graph = {
    name: 'digits',
    node: [
      ...convolutions,
      {
        ...{ op_type: 'Transpose', name: 'by_time', input: [`scores${last}`], output: ['by_time'] },
        attribute: [ints('perm', [0, 2, 1])],
      },
      {
        ...{ op_type: 'LogSoftmax', name: 'logprobs', input: ['by_time'], output: ['logprobs'] },
        attribute: [{ name: 'axis', i: 2, type: attributes.INT }],
      },
    ],
    initializer: layers.flatMap(({ inputs, outputs, width, weights, biases }, i) => [
      tensor(`weights${i}`, [outputs, inputs, width], weights),
      tensor(`biases${i}`, [outputs], biases),
    ]),
    input: [
      value('audio_signal', float, ['batch', layers[0]!.inputs, 'frames']),
      value('length', int64, ['batch']),
    ],
    output: [value('logprobs', float, ['batch', 'rows', layers[last]!.outputs])],
  }
  const model = {
    ...{ ir_version: 8, producer_name: 'spool', graph },
    opset_import: [{ domain: '', version: 17 }],
    metadata_props: Object.entries(metadata).map(([key, text]) => ({ key, value: text })),
  }
  return schema.lookupType('Model').encode(model).finish()
}
