import MartletTensors
import MartletTraining

/// Samples with what should come out for them, and what each counts.
///
/// The short forms of `fit` and `evaluate` make one of an input and a target; models of several inputs or
/// outputs, and weights, need it spelled out:
///
/// ```swift
/// try model.fit(Samples([images, sizes], [labels], classWeight: [0: 1, 1: 4]), epochs: 5)
/// ```
public struct Samples: Sendable {
  /// One for each input of the model. The first axis counts samples in all of them.
  public var x: [any TensorData]
  /// One for each output.
  public var y: [any TensorData]
  /// What each sample counts in the loss: none for 1, one array for all outputs, or one for each.
  public var sampleWeight: [any TensorData]
  /// What the samples of a class count in the loss; those of others count 1.
  public var classWeight: [Int: Double]

  /// Samples of a model of one input and one output.
  public init(
    _ x: any TensorData, _ y: any TensorData, sampleWeight: (any TensorData)? = nil,
    classWeight: [Int: Double] = [:]
  ) {
    self.init(
      [x], [y], sampleWeight: sampleWeight.map { [$0] } ?? [], classWeight: classWeight)
  }

  /// Samples of a model of several inputs or outputs.
  public init(
    _ x: [any TensorData], _ y: [any TensorData], sampleWeight: [any TensorData] = [],
    classWeight: [Int: Double] = [:]
  ) {
    self.x = x
    self.y = y
    self.sampleWeight = sampleWeight
    self.classWeight = classWeight
  }

  /// Lends all of it to the core.
  func withData<Result>(
    _ body: (TrainingData) throws(MartletError) -> Result
  ) throws(MartletError) -> Result {
    try x.withViews("x") { x throws(MartletError) in
      try y.withViews("y") { y throws(MartletError) in
        try sampleWeight.withViews("sampleWeight") { weights throws(MartletError) in
          var data = TrainingData()
          data.x = x
          data.y = y
          data.sampleWeights = weights
          // In order, so that of several mistakes the same one is told each time.
          for (label, weight) in classWeight.sorted(by: { $0.key < $1.key }) {
            try data.weigh(label, weight)
          }
          return try body(data)
        }
      }
    }
  }
}
