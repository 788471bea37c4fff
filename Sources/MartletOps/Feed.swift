import MartletTensors

/// The data that a pass reads and writes: views of the caller's arrays, and which part of them the
/// running batch is. Stages gather from it sample by sample, so that conversion runs in parallel and
/// what it makes is in cache when it is used.
package final class Feed {
  package var inputs: [ArrayView] = []
  package var targets: [ArrayView] = []
  /// One per output, or `nil` where samples count 1.
  package var sampleWeights: [ArrayView?] = []
  /// What samples of a class count; 1 for those not named.
  package var classWeights: [Int: Float] = [:]
  /// The order in which samples are taken; `nil` for the order of the arrays.
  package var order: UnsafePointer<Int>?
  /// Position in that order of the batch's first sample.
  package var first = 0
  /// Where predictions go, one array per output of the model.
  package var predictions: [UnsafeMutablePointer<Float>] = []
  /// Position of the sample whose prediction stands first there.
  package var firstPrediction = 0
  /// Where a backward pass without losses starts, one array per output of the model, and where the
  /// gradients of the inputs go.
  package var outputGradients: [ArrayView] = []
  package var inputGradients: [UnsafeMutablePointer<Float>] = []

  package init() {}

  /// The place of a sample of the running batch in the caller's arrays.
  package func index(_ sample: Int) -> Int {
    order.map { $0[first + sample] } ?? first + sample
  }
}
