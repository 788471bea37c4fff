import MartletKernelTable

/// How often each class (row) was taken for each other one (column), and what is read off it. Rows of a
/// prediction whose target or prediction is no class do not count.
package struct ConfusionMetric: MetricFunction {
  package enum Prediction: Equatable, Sendable {
    /// The place of the greatest value; of a single value whether it is above one half.
    case greatest
    /// The value itself is the class.
    case value
    /// Class 1 from the threshold on, else class 0.
    case threshold(Float)
  }
  package enum Measure: Equatable, Sendable {
    case matrix
    /// The mean over these classes of intersection by union.
    case intersectionOverUnion([Int])
  }
  package var measure: Measure
  /// `nil`: as many as a prediction has values.
  package var classCount: Int?
  package var prediction: Prediction
  package var targets: TargetForm
  package var ignored: Int?
  /// Keras counts intersections in whole numbers.
  package var truncatesWeights = false

  package init(
    _ measure: Measure, classCount: Int?, prediction: Prediction, targets: TargetForm
  ) {
    self.measure = measure
    self.classCount = classCount
    self.prediction = prediction
    self.targets = targets
  }

  private func classes(_ size: Int) -> Int { classCount ?? max(size, 2) }

  /// Each group of a batch has a matrix of its own.
  package static let classLimit = 1024

  package func complaint(rows: Int, size: Int) -> String? {
    if classes(size) > ConfusionMetric.classLimit {
      return "is for at most \(ConfusionMetric.classLimit) classes"
    }
    if prediction == .greatest, let classCount, max(size, 2) > classCount {
      return "has num_classes=\(classCount), but the prediction has \(size) values for classes"
    }
    return nil
  }

  package func stateCount(size: Int) -> Int { classes(size) * classes(size) }

  package func add(_ sample: borrowing MetricSample, to state: UnsafeMutablePointer<Double>) {
    let weight = truncatesWeights ? sample.weight.rounded(.towardZero) : sample.weight
    let byRows = prediction == .greatest && !sample.predictsClasses && sample.size > 1
    for index in 0..<(byRows ? sample.rows : sample.count) {
      let found: Int?
      let target: Int?
      if byRows {
        (found, target) = (sample.predictedClass(index), sample.targetClass(index))
      } else {
        let value = sample.prediction[index]
        switch prediction {
        case .value: found = ConfusionMetric.whole(value)
        case .threshold(let threshold): found = value >= threshold ? 1 : 0
        case .greatest:
          found = sample.predictsClasses ? ConfusionMetric.whole(value) : value > 0.5 ? 1 : 0
        }
        target =
          sample.labels.map { Int($0[index]) } ?? ConfusionMetric.whole(sample.target(index))
      }
      let classes = classes(sample.size)
      guard let found, let target, (0..<classes).contains(found), (0..<classes).contains(target),
        target != ignored
      else { continue }
      state[target * classes + found] += weight
    }
  }

  private static func whole(_ value: Float) -> Int? {
    Int(exactly: value.rounded(.towardZero))
  }

  package func resultExtents(size: Int) -> [Int] {
    measure == .matrix ? [classes(size), classes(size)] : []
  }

  package func result(_ state: UnsafePointer<Double>, size: Int) -> [Double] {
    let classes = classes(size)
    guard case .intersectionOverUnion(let wanted) = measure else {
      return (0..<(classes * classes)).map { state[$0] }
    }
    var sum = 0.0
    var present = 0.0
    for each in wanted {
      let own = state[each * classes + each]
      var union = -own
      for other in 0..<classes {
        union += state[each * classes + other] + state[other * classes + each]
      }
      guard union > 1e-9 else { continue }
      sum += own / (union + 1e-7)
      present += 1
    }
    return [sum / (present + 1e-7)]
  }
}
