import MartletKernelTable

/// A metric: what every sample adds to its state, and what follows from the state.
///
/// A state is a row of sums in double precision, zeros at first. Each group of a batch has one of its
/// own; they are added up in rising order, so that the result does not depend on threads.
package protocol MetricFunction: Sendable {
  /// What predictions are compared with.
  var targets: TargetForm { get }
  /// Whether the last axis of a prediction is gone through as a whole, so that an array of one axis is
  /// a single sample.
  var reducesLastAxis: Bool { get }
  /// What is wrong with predictions of so many rows and values per row, for instance "needs …", or nil.
  func complaint(rows: Int, size: Int) -> String?

  /// Sums in the state. `size` is the last extent of a prediction everywhere.
  func stateCount(size: Int) -> Int
  func add(_ sample: borrowing MetricSample, to state: UnsafeMutablePointer<Double>)
  /// Extents of the result; none for a single number.
  func resultExtents(size: Int) -> [Int]
  /// The result in row-major order.
  func result(_ state: UnsafePointer<Double>, size: Int) -> [Double]
}

extension MetricFunction {
  package var reducesLastAxis: Bool { false }
  package func complaint(rows: Int, size: Int) -> String? { nil }
  package func resultExtents(size: Int) -> [Int] { [] }
}

/// What a metric or loss compares predictions with.
package enum TargetForm: Sendable {
  /// A class number for each row.
  case labels
  /// A value for every value of the prediction.
  case values
  /// Either of them, as the loss has it.
  case any
  /// Nothing: what is measured are the values themselves.
  case none
}

/// A prediction with its target.
package struct MetricSample: ~Copyable {
  package let kernels: Kernels
  /// `rows` × `size` values.
  package let prediction: Source
  /// `rows` class numbers, of any value.
  package let labels: UnsafePointer<Int32>?
  /// `rows` × `size` values.
  package let targets: Source?
  package let rows: Int
  package let size: Int
  /// What the sample counts.
  package let weight: Double
  /// Whether the caller gave weights at all.
  package let isWeighted: Bool
  /// Memory for a prediction and a row.
  package let scratch: Target
  /// Whether predictions are class numbers: integers that the caller gave.
  package let predictsClasses: Bool

  package init(
    kernels: Kernels, prediction: Source, labels: UnsafePointer<Int32>?, targets: Source?,
    rows: Int, size: Int, weight: Double, isWeighted: Bool, scratch: Target,
    predictsClasses: Bool = false
  ) {
    self.kernels = kernels
    self.prediction = prediction
    self.labels = labels
    self.targets = targets
    self.rows = rows
    self.size = size
    self.weight = weight
    self.isWeighted = isWeighted
    self.scratch = scratch
    self.predictsClasses = predictsClasses
  }

  package var count: Int { rows * size }

  /// The target value of an element, for metrics of the form `values`.
  func target(_ element: Int) -> Float { targets.unsafelyUnwrapped[element] }

  func predictedClass(_ row: Int) -> Int {
    kernels.reduction.argmax(prediction + row * size, size)
  }

  /// The class number, or the place of the greatest target.
  func targetClass(_ row: Int) -> Int {
    if let labels { return Int(labels[row]) }
    return kernels.reduction.argmax(targets.unsafelyUnwrapped + row * size, size)
  }
}

/// The quotient, or 0 where there is nothing to divide by, as Keras's `divide_no_nan`.
func ratio(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }
