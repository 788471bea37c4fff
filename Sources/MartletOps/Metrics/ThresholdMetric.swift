import MartletKernelTable

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Values in rising order that predictions are held against; strictly above counts.
package struct Thresholds: Sendable {
  let sorted: [Float]
  /// For each threshold as given its place in `sorted`.
  let places: [Int]
  /// Keras finds the place among evenly spread thresholds by a multiplication, and so do we, since
  /// that may round to the other side.
  private let isEven: Bool
  /// Whether 0 is above the first one.
  private let hasMargins: Bool

  package init(_ values: [Double], isEven: Bool? = nil) {
    let order = values.indices.sorted { values[$0] < values[$1] }
    sorted = order.map { Float(values[$0]) }
    var places = [Int](repeating: 0, count: values.count)
    for (place, index) in order.enumerated() { places[index] = place }
    self.places = places
    self.isEven = isEven ?? Thresholds.areEven(values)
    hasMargins = (values.first ?? 0) < 0 || (values.last ?? 0) > 1
  }

  /// Whether they go from 0 to 1 in equal steps, as near as Keras looks.
  package static func areEven(_ values: [Double]) -> Bool {
    let last = Double(values.count - 1)
    return values.count >= 3
      && values.enumerated().allSatisfy { index, value in
        let even = Double(index) / last
        return (value - even).magnitude <= 1e-7 + 1e-5 * even
      }
  }

  package var count: Int { sorted.count }

  /// How many thresholds a prediction exceeds.
  func exceeded(by prediction: Float) -> Int {
    guard !prediction.isNaN else { return 0 }
    if isEven {
      let clipped = max(0, min(prediction, 1))
      let place = Int((clipped * Float(count - 1)).rounded(.up))
      return hasMargins ? max(place, 1) : place
    }
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < prediction { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Metrics of predictions that are right or wrong by a threshold. The sums are two histograms, of
/// positive and of negative targets, over the number of thresholds that the prediction exceeds: all
/// four counts at every threshold follow from them.
package struct ThresholdMetric: MetricFunction {
  package enum Measure: Equatable, Sendable {
    case truePositives, falsePositives, trueNegatives, falseNegatives
    case precision, recall, specificity
    /// The greatest value of the first at any threshold where the second is at least so much.
    indirect case best(Measure, where: Measure, atLeast: Double)
    case area(Curve, Summation)
  }
  package enum Curve: String, CaseIterable, Sendable {
    case roc, pr, prgain
  }
  package enum Summation: String, CaseIterable, Sendable {
    case interpolation, majoring, minoring
  }

  package var measure: Measure
  package var thresholds: Thresholds
  /// Only the so many greatest values of a row can be positive.
  package var topCount: Int?
  /// The only column that counts.
  package var column: Int?
  /// Whether each column has an area of its own, and what it counts in the mean.
  package var isPerColumn = false
  package var columnWeights: [Double]?
  package var fromLogits = false

  package init(_ measure: Measure, _ thresholds: Thresholds) {
    self.measure = measure
    self.thresholds = thresholds
  }

  package var targets: TargetForm { .values }

  package func complaint(rows: Int, size: Int) -> String? {
    if let column, column >= size {
      return "has class_id=\(column), but the prediction has \(size) values, numbered from 0"
    }
    if let topCount, topCount > size {
      return "has top_k=\(topCount), but the prediction has \(size) values"
    }
    if isPerColumn, rows != 1 {
      return "with multi_label=True needs predictions of shape (samples, labels)"
    }
    if let columnWeights, columnWeights.count != size {
      return "has \(columnWeights.count) label_weights for \(size) labels"
    }
    return nil
  }

  private var binCount: Int { thresholds.count + 1 }
  private func columnCount(_ size: Int) -> Int { isPerColumn ? size : 1 }

  package func stateCount(size: Int) -> Int { columnCount(size) * 2 * binCount }

  package func add(_ sample: borrowing MetricSample, to state: UnsafeMutablePointer<Double>) {
    let size = sample.size
    var prediction = sample.prediction
    if fromLogits {
      sample.kernels.elementwise.activate(.sigmoid, prediction, sample.scratch, sample.count)
      prediction = Source(sample.scratch)
    }
    for row in 0..<sample.rows {
      var values = prediction + row * size
      if let topCount { values = ThresholdMetric.top(topCount, of: values, size, sample) }
      for index in column.map({ $0..<($0 + 1) }) ?? 0..<size {
        let isPositive = sample.target(row * size + index) != 0
        let histogram = (isPerColumn ? 2 * index : 0) + (isPositive ? 0 : 1)
        let bin = histogram * binCount + thresholds.exceeded(by: values[index])
        let factor = isPerColumn ? 1 : columnWeights?[index] ?? 1
        state[bin] += sample.weight * factor
      }
    }
  }

  /// What Keras puts in place of values that are not among the greatest.
  package static let nothing: Float = -1e10

  private static func top(
    _ count: Int, of values: Source, _ size: Int, _ sample: borrowing MetricSample
  ) -> Source {
    let rest = sample.scratch + sample.count
    rest.update(from: values, count: size)
    // The places of the greatest values are marked by −∞, and everything else is replaced.
    for _ in 0..<count { rest[sample.kernels.reduction.argmax(Source(rest), size)] = -.infinity }
    for index in 0..<size {
      rest[index] = rest[index] == -.infinity ? values[index] : ThresholdMetric.nothing
    }
    return Source(rest)
  }

  package func resultExtents(size: Int) -> [Int] {
    switch measure {
    case .area, .best: []
    default: thresholds.count == 1 ? [] : [thresholds.count]
    }
  }

  package func result(_ state: UnsafePointer<Double>, size: Int) -> [Double] {
    let columns = (0..<columnCount(size)).map { column in
      Counts(state + column * 2 * binCount, thresholds)
    }
    switch measure {
    case .area(let curve, let summation):
      let areas = columns.map { area(curve, summation, $0) }
      guard isPerColumn, let columnWeights else {
        return [areas.reduce(0, +) / Double(areas.count)]
      }
      let sum = zip(areas, columnWeights).reduce(0) { $0 + $1.0 * $1.1 }
      return [ratio(sum, columnWeights.reduce(0, +))]
    case .best(let wanted, let condition, let least):
      let held = values(of: condition, columns[0])
      return [
        zip(values(of: wanted, columns[0]), held).reduce(0) { best, each in
          each.1 >= least ? max(best, each.0) : best
        }
      ]
    default:
      let sorted = values(of: measure, columns[0])
      return thresholds.places.map { sorted[$0] }
    }
  }

  /// The four counts at each threshold, in rising order of the thresholds.
  private struct Counts {
    var truePositives: [Double] = []
    var falsePositives: [Double] = []
    var trueNegatives: [Double] = []
    var falseNegatives: [Double] = []

    init(_ histograms: UnsafePointer<Double>, _ thresholds: Thresholds) {
      func split(_ bins: UnsafePointer<Double>) -> (above: [Double], below: [Double]) {
        var above = [Double](repeating: 0, count: thresholds.count)
        var below = above
        var sum = 0.0
        for place in above.indices.reversed() {
          sum += bins[place + 1]
          above[place] = sum
        }
        sum = 0
        for place in below.indices {
          sum += bins[place]
          below[place] = sum
        }
        return (above, below)
      }
      (truePositives, falseNegatives) = split(histograms)
      (falsePositives, trueNegatives) = split(histograms + thresholds.count + 1)
    }
  }

  private func values(of measure: Measure, _ counts: Counts) -> [Double] {
    func share(_ part: [Double], _ rest: [Double]) -> [Double] {
      zip(part, rest).map { ratio($0, $0 + $1) }
    }
    switch measure {
    case .truePositives: return counts.truePositives
    case .falsePositives: return counts.falsePositives
    case .trueNegatives: return counts.trueNegatives
    case .falseNegatives: return counts.falseNegatives
    case .precision: return share(counts.truePositives, counts.falsePositives)
    case .recall: return share(counts.truePositives, counts.falseNegatives)
    case .specificity: return share(counts.trueNegatives, counts.falsePositives)
    case .best, .area: return []
    }
  }

  // MARK: The area under a curve

  private func area(_ curve: Curve, _ summation: Summation, _ counts: Counts) -> Double {
    let (tp, fp) = (counts.truePositives, counts.falsePositives)
    let (tn, fn) = (counts.trueNegatives, counts.falseNegatives)
    var x: [Double]
    var y: [Double]
    switch curve {
    case .roc:
      x = zip(fp, tn).map { ratio($0, $0 + $1) }
      y = values(of: .recall, counts)
    case .pr:
      if summation == .interpolation { return interpolatedPrecision(counts) }
      x = values(of: .recall, counts)
      y = values(of: .precision, counts)
    case .prgain:
      // Gains over a classifier that always says yes (Flach & Kull 2015).
      (x, y) = ([], [])
      for i in tp.indices {
        let scale = ratio(tp[i] + fn[i], tn[i] + fp[i])
        x.append(tp[i] == 0 ? 0 : max(0, 1 - scale * ratio(fn[i], tp[i])))
        y.append(tp[i] == 0 ? 1 : 1 - scale * ratio(fp[i], tp[i]))
      }
    }
    var sum = 0.0
    for i in 0..<(x.count - 1) {
      let height =
        switch summation {
        case .interpolation: (y[i] + y[i + 1]) / 2
        case .minoring: min(y[i], y[i + 1])
        case .majoring: max(y[i], y[i + 1])
        }
      sum += (x[i] - x[i + 1]) * height
    }
    return sum
  }

  /// Between two thresholds true positives are taken to grow in proportion to all positives, so
  /// precision follows a hyperbola (Davis & Goadrich 2006, doi:10.1145/1143844.1143874).
  private func interpolatedPrecision(_ counts: Counts) -> Double {
    let tp = counts.truePositives
    let p = zip(tp, counts.falsePositives).map { $0 + $1 }
    var sum = 0.0
    for i in 0..<(tp.count - 1) {
      let gained = tp[i] - tp[i + 1]
      let slope = ratio(gained, max(p[i] - p[i + 1], 0))
      let intercept = tp[i + 1] - slope * p[i + 1]
      let growth = p[i] > 0 && p[i + 1] > 0 ? p[i] / p[i + 1] : 1
      let positives = tp[i + 1] + counts.falseNegatives[i + 1]
      sum += ratio(slope * (gained + intercept * log(growth)), positives)
    }
    return sum
  }
}
