import MartletDispatch
import MartletKernelTable
import MartletOps
import MartletTensors
import MartletTestSupport
import Testing

/// Layer and group normalization against their plain twins, with gradients by central differences.
@Suite struct SampleNormalizationTests {
  private func check(
    _ operation: some Operation, _ input: [Int], _ factors: FeatureFactors, _ extents: [Int],
    location: SourceLocation = #_sourceLocation
  ) throws {
    var variables: [Variable] = []
    if factors.hasScale { variables.append(try Variable(name: "gamma", shape: Shape(extents))) }
    if factors.hasCenter { variables.append(try Variable(name: "beta", shape: Shape(extents))) }
    let program = try ProgramCheck.withInputGradient(
      operation, inputs: [try Shape(input)], variables: variables)
    var check = ProgramCheck(program)
    check.batch = 4
    // Around a deviation of 0.6 gradients grow with its reciprocal.
    check.tolerance = 4e-5
    try check.run(sourceLocation: location)
  }

  static let factors = [(true, true), (true, false), (false, true), (false, false)]

  @Test(arguments: factors)
  func layers(_ hasScale: Bool, _ hasCenter: Bool) throws {
    let factors = FeatureFactors(hasScale: hasScale, hasCenter: hasCenter)
    for (input, axisCount) in [
      ([7], 1), ([4, 3], 1), ([3, 2, 16], 1), ([3, 2, 17], 1), ([2, 40], 2), ([3, 5, 4], 2),
      ([3, 5, 4], 3), ([3, 1], 1),
    ] {
      for measure in [LayerNormalizationOp.Measure.deviation, .rootMeanSquare, .length] {
        try check(
          LayerNormalizationOp(
            by: measure, axisCount: axisCount, epsilon: 1e-2, factors: factors),
          input, factors, input.suffix(axisCount))
      }
    }
  }

  @Test(arguments: factors)
  func groups(_ hasScale: Bool, _ hasCenter: Bool) throws {
    let factors = FeatureFactors(hasScale: hasScale, hasCenter: hasCenter)
    for (input, groups) in [
      ([8], 2), ([6], 1), ([4, 3], 3), ([3, 2, 16], 4), ([3, 2, 18], 3), ([5, 4, 34], 2),
      ([3, 5, 4], 4), ([3, 5, 4], 1), ([3, 5, 1], 1),
    ] {
      try check(
        GroupNormalizationOp(groups: groups, epsilon: 1e-2, factors: factors), input, factors,
        [input[input.count - 1]])
    }
  }

  private func result(_ operation: some Operation, _ x: [Double], _ input: [Int]) throws -> [Double]
  {
    let shape = try Shape(input)
    return operation.reference(
      [x], variables: [],
      setting: ReferenceSetting(
        inputShapes: [shape], outputShape: try operation.outputShape(of: [shape]),
        batch: x.count / shape.count, isTraining: false, step: 0, index: 0))
  }

  /// Mean 3 and population variance 3.5 of a row; its squares have the mean 12.5 and the sum 50.
  @Test func byHand() throws {
    let none = FeatureFactors(hasScale: false, hasCenter: false)
    let row = [1.0, 2, 3, 6]
    func layer(_ measure: LayerNormalizationOp.Measure, _ epsilon: Float) throws -> [Double] {
      try result(
        LayerNormalizationOp(by: measure, axisCount: 1, epsilon: epsilon, factors: none), row, [4])
    }
    // 3.5 + 0.5 = 2², 12.5 + 12.5 = 5².
    expectNear(try layer(.deviation, 0.5), [-1, -0.5, 0, 1.5])
    expectNear(try layer(.rootMeanSquare, 12.5), [0.2, 0.4, 0.6, 1.2])
    expectNear(
      try result(
        LayerNormalizationOp(by: .length, axisCount: 1, epsilon: 1e-12, factors: none),
        [0, 0, 3, 4], [2]),
      [0, 0, 0.6, 0.8])
    // Channels 0 and 1, then 2 and 3, each over two points.
    expectNear(
      try result(
        GroupNormalizationOp(groups: 2, epsilon: 0.5, factors: none),
        [1, 2, 2, 4, 3, 6, 6, 12], [2, 4]),
      [-1, -0.5, -1, -0.5, 0, 1.5, 0, 1.5].enumerated().map { index, value in
        // Twice the numbers have four times the variance, 14.
        index % 4 < 2 ? value : value * 4 / 14.5.squareRoot()
      })
  }

  private func expectNear(
    _ found: [Double], _ expected: [Double], location: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: location)
    for (a, b) in zip(found, expected) {
      // ε is a float.
      #expect(abs(a - b) < 1e-7, "\(found)", sourceLocation: location)
    }
  }

  /// A row of zeros, as a relu gives it, has no direction: zeros come out, and no gradient goes back.
  @Test(arguments: KernelSelection.available)
  func rowsWithoutLengthPassNothing(_ kernels: Kernels) {
    let zeros = GuardedFloats([0, 0, 0])
    let (dx, dScale, dShift) = (
      GuardedFloats(count: 3), GuardedFloats([0, 0, 0]), GuardedFloats([0, 0, 0])
    )
    kernels.normalization.scaleRowsBackward(
      zeros.source, GuardedFloats([1, 2, 3]).source, zeros.source, zeros.source,
      GuardedFloats([1, 1, 1]).source, RowShares(sum: 0, product: 1), dx.pointer, dScale.pointer,
      dShift.pointer, 1, 3)
    #expect(dx.values == [0, 0, 0])
  }

  @Test func rulesOfShapes() throws {
    let factors = FeatureFactors(hasScale: true, hasCenter: true)
    func message(_ operation: some Operation) -> String? {
      #expect(throws: MartletError.self) { try operation.outputShape(of: [try Shape([4, 6])]) }?
        .message
    }
    #expect(
      message(GroupNormalizationOp(groups: 4, epsilon: 0, factors: factors))
        == "group normalization of (None, 4, 6) in 4 groups: they must divide the channels")
    #expect(
      message(LayerNormalizationOp(by: .deviation, axisCount: 3, epsilon: 0, factors: factors))
        == "layer normalization along the last 3 axes of (None, 4, 6)")
  }
}
