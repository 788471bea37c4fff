import MartletDispatch
import MartletKernelTable
import MartletOps
import MartletTensors
import MartletTestSupport
import Testing

/// Operations on images against their plain twins, with gradients by central differences.
@Suite struct ImageOperationTests {
  private func check(
    _ operation: some Operation, _ input: [Int], _ variables: [Variable] = [],
    isTraining: Bool = true, location: SourceLocation = #_sourceLocation
  ) throws {
    for kernels in KernelSelection.available {
      let program = try ProgramCheck.withInputGradient(
        operation, inputs: [try Shape(input)], variables: variables)
      var check = ProgramCheck(program)
      check.kernels = kernels
      check.isTraining = isTraining
      try check.run(sourceLocation: location)
    }
  }

  @Test(arguments: [true, false])
  func resizing(_ isBilinear: Bool) throws {
    for (height, width) in [(3, 4), (11, 10), (1, 1), (6, 5)] {
      try check(
        ResizeOp(
          part: .init(top: 0, left: 0, height: 6, width: 5), height: height, width: width,
          isBilinear: isBilinear), [6, 5, 3])
    }
    try check(
      ResizeOp(
        part: .init(top: 1, left: 2, height: 4, width: 3), height: 5, width: 7,
        isBilinear: isBilinear), [6, 5, 2])
  }

  @Test func resizingRefusesPartsOutside() throws {
    let operation = ResizeOp(
      part: .init(top: 3, left: 0, height: 4, width: 5), height: 2, width: 2, isBilinear: true)
    let error = #expect(throws: MartletError.self) {
      try operation.outputShape(of: [try Shape([6, 5, 3])])
    }
    #expect(
      error?.message == "a part of 4 by 5 points from (3, 0) does not lie within an image of "
        + "shape (6, 5, 3)")
  }

  static let motions: [RandomMotionOp.Motion] = [
    .flip(horizontal: true, vertical: false), .flip(horizontal: true, vertical: true),
    .rotation(-0.4...0.3), .zoom(height: -0.5...0.5, width: nil),
    .zoom(height: 0.2...0.9, width: -0.4...0),
    .translation(height: -0.6...0.6, width: 0.1...0.3),
  ]

  @Test(arguments: motions.indices, ImageFill.allCases)
  func motion(_ index: Int, _ fill: ImageFill) throws {
    for isBilinear in [true, false] {
      let operation = RandomMotionOp(
        ImageOperationTests.motions[index], isBilinear: isBilinear, fill: fill, fillValue: 0.5,
        seed: 11)
      try check(operation, [5, 4, 2])
      try check(operation, [5, 4, 2], isTraining: false)
    }
  }

  @Test func color() throws {
    // Bounds that clip, and such that do not. Differences would be wrong at a bound, which random
    // numbers do not hit.
    for bounds: ClosedRange<Float> in [-0.25...0.3, -100...100] {
      for change: RandomColorOp.Change in [
        .contrast(0.3...1.9), .contrast(0...0), .brightness(-0.2...0.4),
      ] {
        try check(RandomColorOp(change, bounds: bounds, seed: 5), [4, 5, 3])
        try check(RandomColorOp(change, bounds: bounds, seed: 5), [4, 5, 3], isTraining: false)
      }
    }
  }

  @Test(arguments: [[2], [], [0], [1, 2], [0, 2]])
  func standardization(_ axes: [Int]) throws {
    let extents = axes.map { [4, 5, 3][$0] }
    for inverts in [false, true] {
      let variables = try ["mean", "moving_variance"].map {
        try Variable(name: $0, shape: Shape(extents), isTrainable: false)
      }
      try check(StandardizeOp(keptAxes: axes, inverts: inverts), [4, 5, 3], variables)
      let count = extents.reduce(1, *)
      var numbers = SeededGenerator(seed: 2)
      let moments = (numbers.floats(count), numbers.floats(count, in: 0.1...2))
      try check(StandardizeOp(keptAxes: axes, inverts: inverts, moments: moments), [4, 5, 3])
    }
    try check(StandardizeOp(keptAxes: [0], inverts: false, moments: ([1, 2], [3, 0.5])), [2])
  }

  /// Every image of a batch and every step draws its own numbers; a step draws the same ones again.
  @Test func imagesDrawEachTheirOwn() throws {
    let operation = RandomMotionOp(
      .translation(height: 0...0, width: -0.9...0.9), isBilinear: true, fill: .nearest, seed: 3)
    func result(step: UInt64) -> [Double] {
      let shape = try! Shape([1, 9, 1])
      let x = (0..<18).map { Double($0 % 9) }
      return operation.reference(
        [x], variables: [],
        setting: ReferenceSetting(
          inputShapes: [shape], outputShape: shape, batch: 2, isTraining: true, step: step,
          index: 0))
    }
    let first = result(step: 1)
    #expect(Array(first[..<9]) != Array(first[9...]))
    #expect(first == result(step: 1))
    #expect(first != result(step: 2))
  }
}
