/**
 * A small network of convolutions over time that learns by gradient descent (Adam). Hides the arithmetic of forward
 * and backward passes. A layer's rows are time, its columns channels; between layers, what is below 0 becomes 0.
 */

export interface Shape {
  readonly inputs: number
  readonly outputs: number
  /** Odd: it looks as far back as ahead. */
  readonly width: number
  readonly stride: number
}

export interface Layer extends Shape {
  /** By output, input and place within the width, as ONNX has them. */
  readonly weights: Float32Array
  readonly biases: Float32Array
}

/** Numbers from 0 to 1, the same each time. */
export type Random = () => number

export const layersOf = (shapes: readonly Shape[], random: Random): Layer[] =>
  shapes.map((shape) => {
    const { inputs, outputs, width } = shape
    const reach = Math.sqrt(6 / (inputs * width))
    const weights = Float32Array.from({ length: outputs * inputs * width }, () => (2 * random() - 1) * reach)
    return { ...shape, weights, biases: new Float32Array(outputs) }
  })

const rowsAfter = (rows: number, { stride }: Shape): number => Math.ceil(rows / stride)

function convolve(layer: Layer, input: Float32Array): Float32Array {
  const { inputs, outputs, width, stride, weights, biases } = layer
  const [rows, half] = [input.length / inputs, (width - 1) / 2]
  const made = rowsAfter(rows, layer)
  const output = new Float32Array(made * outputs)
  for (let row = 0; row < made; row++)
    for (let to = 0; to < outputs; to++) {
      let sum = biases[to]!
      for (let place = 0; place < width; place++) {
        const at = row * stride + place - half
        if (at < 0 || at >= rows) continue
        for (let from = 0; from < inputs; from++)
          sum += weights[(to * inputs + from) * width + place]! * input[at * inputs + from]!
      }
      output[row * outputs + to] = sum
    }
  return output
}

/** What every layer makes, the last one's scores at the end. */
function run(layers: readonly Layer[], input: Float32Array): Float32Array[] {
  const outputs: Float32Array[] = []
  for (const layer of layers) {
    const before = outputs.at(-1)
    outputs.push(convolve(layer, before?.map((value) => Math.max(0, value)) ?? input))
  }
  return outputs
}

/** Learns example by example; each is its sound's rows and the class of every row that the last layer makes. */
export function learner(layers: readonly Layer[]) {
  const memories = layers.map(({ weights, biases }) => ({ weights: memory(weights), biases: memory(biases) }))
  let steps = 0
  return function learn(input: Float32Array, classes: Uint8Array, rate: number): void {
    steps++
    const outputs = run(layers, input)
    let slope = slopeOf(outputs.at(-1)!, classes, layers.at(-1)!.outputs)
    for (let i = layers.length - 1; i >= 0; i--) {
      const below = outputs[i - 1]
      const seen = below?.map((value) => Math.max(0, value)) ?? input
      const { weights, biases, back } = slopes(layers[i]!, seen, slope)
      step(layers[i]!.weights, weights, memories[i]!.weights, rate, steps)
      step(layers[i]!.biases, biases, memories[i]!.biases, rate, steps)
      slope = below ? back.map((value, at) => (below[at]! > 0 ? value : 0)) : back
    }
  }
}

/** The slope of the mean cross-entropy in the scores: probabilities less what is true. */
function slopeOf(scores: Float32Array, classes: Uint8Array, outputs: number): Float32Array {
  const slope = new Float32Array(scores.length)
  classes.forEach((truth, row) => {
    const own = scores.subarray(row * outputs, (row + 1) * outputs)
    const most = Math.max(...own)
    const exps = own.map((score) => Math.exp(score - most))
    const sum = exps.reduce((total, value) => total + value, 0)
    exps.forEach(
      (value, i) => (slope[row * outputs + i] = (value / sum - (i === truth ? 1 : 0)) / classes.length),
    )
  })
  return slope
}

function slopes(layer: Layer, input: Float32Array, slope: Float32Array) {
  const { inputs, outputs, width, stride, weights } = layer
  const [rows, half] = [input.length / inputs, (width - 1) / 2]
  const [ofWeights, ofBiases] = [new Float32Array(weights.length), new Float32Array(outputs)]
  const back = new Float32Array(input.length)
  for (let row = 0; row < rowsAfter(rows, layer); row++)
    for (let to = 0; to < outputs; to++) {
      const own = slope[row * outputs + to]!
      if (own === 0) continue
      ofBiases[to]! += own
      for (let place = 0; place < width; place++) {
        const at = row * stride + place - half
        if (at < 0 || at >= rows) continue
        for (let from = 0; from < inputs; from++) {
          const weight = (to * inputs + from) * width + place
          ofWeights[weight]! += own * input[at * inputs + from]!
          back[at * inputs + from]! += own * weights[weight]!
        }
      }
    }
  return { weights: ofWeights, biases: ofBiases, back }
}

const memory = ({ length }: Float32Array) => ({
  mean: new Float32Array(length),
  square: new Float32Array(length),
})

/** Adam (Kingma and Ba, 2015), with the usual numbers. */
function step(
  values: Float32Array,
  slope: Float32Array,
  { mean, square }: ReturnType<typeof memory>,
  rate: number,
  steps: number,
): void {
  const [keepMean, keepSquare] = [0.9, 0.999]
  for (let i = 0; i < values.length; i++) {
    mean[i] = keepMean * mean[i]! + (1 - keepMean) * slope[i]!
    square[i] = keepSquare * square[i]! + (1 - keepSquare) * slope[i]! ** 2
    const [m, s] = [mean[i]! / (1 - keepMean ** steps), square[i]! / (1 - keepSquare ** steps)]
    values[i]! -= (rate * m) / (Math.sqrt(s) + 1e-8)
  }
}
