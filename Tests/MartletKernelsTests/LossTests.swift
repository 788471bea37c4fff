import Foundation
import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct LossTests {
  private static let functions: [LossFunction] = [
    .sparseCategoricalCrossentropy(fromLogits: true),
    .sparseCategoricalCrossentropy(fromLogits: false),
    .categoricalCrossentropy(fromLogits: true, labelSmoothing: 0),
    .categoricalCrossentropy(fromLogits: true, labelSmoothing: 0.1),
    .categoricalCrossentropy(fromLogits: false, labelSmoothing: 0),
    .categoricalCrossentropy(fromLogits: false, labelSmoothing: 0.2),
    .binaryCrossentropy(fromLogits: true, labelSmoothing: 0),
    .binaryCrossentropy(fromLogits: true, labelSmoothing: 0.1),
    .binaryCrossentropy(fromLogits: false, labelSmoothing: 0.1),
    .categoricalFocalCrossentropy(
      CategoricalFocus(fromLogits: false, labelSmoothing: 0.1, gamma: 2, alpha: 0.25)),
    .categoricalFocalCrossentropy(
      CategoricalFocus(fromLogits: true, labelSmoothing: 0, gamma: 1.5, alpha: 0.5)),
    .categoricalFocalCrossentropy(
      CategoricalFocus(fromLogits: true, labelSmoothing: 0, gamma: 0, alpha: 1)),
    .binaryFocalCrossentropy(
      BinaryFocus(
        fromLogits: false, labelSmoothing: 0, gamma: 2, positiveWeight: 1, negativeWeight: 1)),
    .binaryFocalCrossentropy(
      BinaryFocus(
        fromLogits: true, labelSmoothing: 0.1, gamma: 2.5, positiveWeight: 0.3, negativeWeight: 0.7)
    ),
    .binaryFocalCrossentropy(
      BinaryFocus(
        fromLogits: true, labelSmoothing: 0, gamma: 1, positiveWeight: 1, negativeWeight: 1)),
    .klDivergence, .meanSquaredError, .meanAbsoluteError, .meanAbsolutePercentageError,
    .meanSquaredLogarithmicError, .huber(delta: 1), .huber(delta: 0.3), .logCosh, .poisson,
    .cosineSimilarity, .hinge, .squaredHinge, .categoricalHinge, .overlap(.dice),
    .overlap(.tversky(alpha: 0.3, beta: 0.7)), .given,
  ]

  private func takesProbabilities(_ function: LossFunction) -> Bool {
    switch function {
    case .sparseCategoricalCrossentropy(let fromLogits): !fromLogits
    case .categoricalCrossentropy(let fromLogits, _): !fromLogits
    case .binaryCrossentropy(let fromLogits, _): !fromLogits
    case .categoricalFocalCrossentropy(let focus): !focus.fromLogits
    case .binaryFocalCrossentropy(let focus): !focus.fromLogits
    case .klDivergence, .meanSquaredLogarithmicError, .poisson, .overlap: true
    default: false
    }
  }

  private func isSparse(_ function: LossFunction) -> Bool {
    if case .sparseCategoricalCrossentropy = function { true } else { false }
  }

  private func run(
    _ kernels: Kernels, _ function: LossFunction, _ x: [Float], labels: [Int32]? = nil,
    targets: [Float]? = nil, weights: [Float]? = nil, rows: Int, scale: Float = 1
  ) -> (losses: [Float], gradient: [Float]) {
    let size = x.count / rows
    let losses = GuardedFloats(count: rows)
    let gradient = GuardedFloats(count: x.count)
    let goal = targets.map { GuardedFloats($0) }
    let factors = weights.map { GuardedFloats($0) }
    let input = GuardedFloats(x)
    func call(_ labels: UnsafePointer<Int32>?, _ gradient: UnsafeMutablePointer<Float>?) {
      kernels.softmax.loss(
        function, input.source, labels, goal?.source, factors?.source, rows, size, losses.pointer,
        gradient, scale)
    }
    func callWithLabels(_ gradient: UnsafeMutablePointer<Float>?) {
      if let labels {
        labels.withUnsafeBufferPointer { call($0.baseAddress, gradient) }
      } else {
        call(nil, gradient)
      }
    }
    callWithLabels(nil)
    let alone = losses.values.map(\.bitPattern)
    callWithLabels(gradient.pointer)
    #expect(
      alone == losses.values.map(\.bitPattern),
      "the losses must not depend on the gradient being wanted")
    losses.expectGuards("\(function)")
    gradient.expectGuards("\(function)")
    return (losses.values, gradient.values)
  }

  @Test(arguments: KernelSelection.available, functions)
  func lossesAndGradientsEqualTheTwin(_ kernels: Kernels, _ function: LossFunction) {
    for size in awkwardCounts(kernels) {
      // Many rows where a row is less than a vector: there vectors may reach across rows.
      for rows in size < kernels.vectorWidth ? [1, 3, 2 * kernels.vectorWidth + 1] : [1, 3] {
        let seed = size * 100 + rows
        var generator = SeededGenerator(seed: seed)
        // Probabilities stay away from the clip, where the derivative jumps.
        let x = generator.floats(
          rows * size, in: takesProbabilities(function) ? 0.01...0.99 : -4...4)
        let weights = generator.floats(rows, in: 0.5...2)
        let labels = (0..<rows).map { _ in Int32.random(in: 0..<Int32(size), using: &generator) }
        var targets = generator.floats(rows * size, in: 0...1)
        for row in 0..<rows {
          let total = targets[row * size..<(row + 1) * size].reduce(0, +)
          for i in row * size..<(row + 1) * size { targets[i] /= total }
        }
        let sparse = isSparse(function)
        let result = run(
          kernels, function, x, labels: sparse ? labels : nil, targets: sparse ? nil : targets,
          weights: weights, rows: rows, scale: 0.25)
        var losses: [Double] = []
        var gradient: [Double] = []
        for row in 0..<rows {
          let stretch = row * size..<(row + 1) * size
          let target = sparse ? [Double(labels[row])] : Array(targets[stretch]).doubles
          let weight = Double(weights[row])
          let prediction = Array(x[stretch]).doubles
          losses.append(weight * PlainLoss.row(function, prediction: prediction, target: target))
          gradient += centralDifferences(at: prediction, step: 1e-6) {
            0.25 * weight * PlainLoss.row(function, prediction: $0, target: target)
          }
        }
        let lossSize = losses.map(\.magnitude).max() ?? 1
        let slopeSize = gradient.map(\.magnitude).max() ?? 1
        // Sums of `size` terms; the differences in double are good to about 1e-9.
        expectClose(
          result.losses, losses, absolute: (16 + Double(size) / 4) * ulp * (1 + lossSize),
          "\(function), \(rows)×\(size), seed \(seed)")
        expectClose(
          result.gradient, gradient,
          absolute: (16 + Double(size) / 4) * ulp * (1 + slopeSize) + 1e-8,
          "\(function) gradient, \(rows)×\(size), seed \(seed)")
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func valuesOfKeras(_ kernels: Kernels) {
    // Sparse loss on plain probabilities normalises: log(0.6 / 0.3), not −log 0.3.
    let sparse = run(
      kernels, .sparseCategoricalCrossentropy(fromLogits: false), [0.2, 0.3, 0.1], labels: [1],
      rows: 1)
    expectClose(sparse.losses, [0.6931472], relative: 2 * ulp)

    let smoothed = run(
      kernels, .binaryCrossentropy(fromLogits: false, labelSmoothing: 0.1), [0.9], targets: [1],
      rows: 1)
    expectClose(smoothed.losses, [0.2152218], absolute: 2e-7)

    // A probability of 0 for the true class costs −ln 1e-7 and has no gradient there.
    let impossible = run(
      kernels, .categoricalCrossentropy(fromLogits: false, labelSmoothing: 0), [0, 1],
      targets: [1, 0], rows: 1)
    expectClose(impossible.losses, [16.118095], relative: 2 * ulp)
    #expect(impossible.gradient == [0, 0])

    let squares = run(
      kernels, .meanSquaredError, [1, 2, 4, 4], targets: [0, 2, 2, 4], weights: [1, 3], rows: 2)
    #expect(squares.losses == [0.5, 6])
    #expect(squares.gradient == [1, 0, 6, 0])
  }

  /// Of Keras 3.15, printed to seven digits.
  @Test(arguments: [
    (
      LossFunction.binaryFocalCrossentropy(
        BinaryFocus(
          fromLogits: false, labelSmoothing: 0, gamma: 2, positiveWeight: 1, negativeWeight: 1)),
      [1], [0.9], 0.0010536
    ),
    (
      .categoricalFocalCrossentropy(
        CategoricalFocus(fromLogits: false, labelSmoothing: 0, gamma: 2, alpha: 0.25)),
      [1, 0], [0.9, 0.1], 0.0002634
    ),
    (.overlap(.dice), [1, 0], [0.9, 0.1], 0.1),
    (
      .overlap(.tversky(alpha: 0.5, beta: 0.5)), [1, 0], [0.9, 0.1], 0.1000001
    ),
    (.huber(delta: 1), [0, 0], [0.5, 3], 1.3125), (.logCosh, [0], [3], 2.3093286),
    (.klDivergence, [0.5, 0.5], [0.2, 0.8], 0.2231436), (.hinge, [0, 1], [0.3, 0.3], 1),
    (.cosineSimilarity, [1, 0], [1, 1], -0.7071068),
  ])
  func singleValuesOfKeras(
    _ function: LossFunction, _ target: [Float], _ prediction: [Float], _ expected: Double
  ) {
    for kernels in KernelSelection.available {
      let found = run(kernels, function, prediction, targets: target, rows: 1).losses
      // 1 − p and a difference of 1 lose a few roundings of 1.
      expectClose(found, [expected], relative: 4 * ulp, absolute: 2e-7, "\(function)")
    }
  }

  /// Where the loss has a corner or a wall.
  @Test(arguments: KernelSelection.available)
  func cornersHaveNoSlope(_ kernels: Kernels) {
    let exact = run(kernels, .meanAbsoluteError, [2], targets: [2], rows: 1)
    #expect(exact.losses == [0] && exact.gradient == [0])
    let within = run(kernels, .hinge, [2, -2], targets: [1, 0], rows: 2)
    #expect(within.losses == [0, 0] && within.gradient == [0, 0])
    let zero = run(kernels, .cosineSimilarity, [0, 0], targets: [1, 0], rows: 1)
    #expect(zero.losses == [0])
    expectClose(zero.gradient, [-1e7, 0], relative: 2 * ulp)
    let sure = run(
      kernels,
      .binaryFocalCrossentropy(
        BinaryFocus(
          fromLogits: false, labelSmoothing: 0, gamma: 0.5, positiveWeight: 1, negativeWeight: 1)),
      [1, 0], targets: [1, 0], rows: 2)
    #expect(sure.gradient.allSatisfy { $0.isFinite })
  }

  @Test(arguments: KernelSelection.available)
  func extremeLogitsStayFinite(_ kernels: Kernels) {
    let binary = run(
      kernels, .binaryCrossentropy(fromLogits: true, labelSmoothing: 0),
      [1000, -1000, 1000, -1000, 20], targets: [1, 0, 0, 1, 1], rows: 5)
    // The last is log(1 + e⁻²⁰), which 1 + e⁻²⁰ in float would lose.
    expectClose(binary.losses, [0, 0, 1000, 1000, log1p(exp(-20))], relative: 2 * ulp)
    expectClose(binary.gradient, [0, 0, 1, -1, -1 / (1 + exp(20))], absolute: ulp)

    let sparse = run(
      kernels, .sparseCategoricalCrossentropy(fromLogits: true), [1000, -1000, 0, 1000],
      labels: [0, 0], rows: 2)
    #expect(sparse.losses == [0, 1000])
    #expect(sparse.gradient == [0, 0, -1, 1])
  }

  @Test(arguments: KernelSelection.available, functions)
  func notANumberShows(_ kernels: Kernels, _ function: LossFunction) {
    for size in [1, 3, 2 * kernels.vectorWidth + 1] {
      var x = [Float](repeating: 0.25, count: size)
      x[size - 1] = .nan
      let targets = [Float](repeating: 1 / Float(size), count: size)
      let result = run(
        kernels, function, x, labels: isSparse(function) ? [0] : nil,
        targets: isSparse(function) ? nil : targets, rows: 1)
      #expect(result.losses[0].isNaN, "\(function), size \(size)")
    }
  }
}
