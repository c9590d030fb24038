/** What is used of sherpa-onnx-node, whose own types are comments. */
declare module 'sherpa-onnx-node' {
  interface OfflineStream {
    acceptWaveform(sound: { samples: Float32Array; sampleRate: number }): void
  }
  interface OfflineRecognizer {
    createStream(): OfflineStream
    decodeAsync(stream: OfflineStream): Promise<import('./listener.ts').Result>
  }
  const sherpa: {
    readonly version: string
    readonly OfflineRecognizer: { createAsync(config: object): Promise<OfflineRecognizer> }
  }
  export default sherpa
}
