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

  /// The first samples, to train with, and a part at the end, to validate with. Nothing is copied.
  ///
  /// ```swift
  /// let (training, validation) = try Samples(images, labels).split(validation: 0.2)
  /// try model.fit(training, epochs: 5, validation: validation)
  /// ```
  ///
  /// - Parameter validation: How many of all go to the end, as a part of 1: of n samples the first
  ///   n · (1 − validation), rounded down, are to train with, as in Keras.
  /// - Throws: ``MartletError`` for a part that is not between 0 and 1, or leaves no sample on one side.
  public func split(
    validation: Double
  ) throws(MartletError) -> (training: Samples, validation: Samples) {
    let count = x.first?.shape.first ?? 0
    guard validation > 0, validation < 1 else {
      throw .invalidArgument("validation must be between 0 and 1, received \(validation)")
    }
    let first = Int(Double(count) * (1 - validation))
    guard first > 0, first < count else {
      throw .invalidArgument(
        "a part of \(validation) of \(count) samples leaves none on one side of the split")
    }
    return (part(0..<first, of: count), part(first..<count, of: count))
  }

  /// - Parameter count: Of all samples.
  private func part(_ range: Range<Int>, of count: Int) -> Samples {
    // What is not of this size stays as it is, for the check of all data to tell.
    func part(_ all: [any TensorData]) -> [any TensorData] {
      all.map { $0.shape.first == count ? TensorPart(whole: $0, range: range) : $0 }
    }
    return Samples(
      part(x), part(y), sampleWeight: part(sampleWeight), classWeight: classWeight)
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
