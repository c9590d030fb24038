/** What is used of sherpa-onnx-node, whose own types are comments. */
declare module 'sherpa-onnx-node' {
  interface OfflineStream {
    acceptWaveform(sound: { samples: Float32Array; sampleRate: number }): void
  }
  interface OfflineRecognizerResult {
    readonly text: string
    readonly lang?: string
    readonly tokens?: readonly string[]
    readonly timestamps?: readonly number[]
    readonly durations?: readonly number[]
    readonly ys_log_probs?: readonly number[]
  }
  interface OfflineRecognizer {
    createStream(): OfflineStream
    decodeAsync(stream: OfflineStream): Promise<OfflineRecognizerResult>
  }
  const sherpa: {
    readonly version: string
    readonly OfflineRecognizer: { createAsync(config: object): Promise<OfflineRecognizer> }
  }
  export default sherpa
}
