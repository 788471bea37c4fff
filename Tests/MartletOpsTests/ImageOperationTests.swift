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
    let program = try ProgramCheck.withInputGradient(
      operation, inputs: [try Shape(input)], variables: variables)
    var check = ProgramCheck(program)
    check.isTraining = isTraining
    try check.run(sourceLocation: location)
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
    for part in [
      ResizeOp.Part(top: -2, left: 0, height: 10, width: 5),
      ResizeOp.Part(top: 1, left: -3, height: 4, width: 9),
      ResizeOp.Part(top: -1, left: -1, height: 9, width: 7),
    ] {
      try check(
        ResizeOp(part: part, height: 5, width: 7, isBilinear: isBilinear, fillValue: 0.75),
        [6, 5, 2])
    }
  }

  /// A column of 4 and 8 in a frame of one point above and below, by hand.
  @Test func framesHaveTheFillValue() throws {
    func resized(_ height: Int, isBilinear: Bool) throws -> [Double] {
      let operation = ResizeOp(
        part: .init(top: -1, left: 0, height: 4, width: 1), height: height, width: 1,
        isBilinear: isBilinear, fillValue: 2)
      let input = try Shape([2, 1, 1])
      return operation.reference(
        [[4, 8]], variables: [],
        setting: ReferenceSetting(
          inputShapes: [input], outputShape: try operation.outputShape(of: [input]), batch: 1,
          isTraining: false, step: 0, index: 0))
    }
    #expect(try resized(4, isBilinear: true) == [2, 4, 8, 2])
    #expect(try resized(2, isBilinear: true) == [3, 5])
    #expect(try resized(8, isBilinear: true) == [2, 2.5, 3.5, 5, 7, 6.5, 3.5, 2])
    #expect(try resized(8, isBilinear: false) == [2, 2, 4, 4, 8, 8, 2, 2])
  }

  @Test(arguments: [
    (ResizeOp.Part(top: 3, left: 0, height: 4, width: 5), "4 by 5 points from (3, 0)"),
    (ResizeOp.Part(top: -1, left: 0, height: 7, width: 5), "7 by 5 points from (-1, 0)"),
    (ResizeOp.Part(top: 0, left: 5, height: 6, width: 1), "6 by 1 points from (0, 5)"),
  ])
  func resizingRefusesPartsThatLeaveTheImage(_ part: ResizeOp.Part, _ what: String) throws {
    let operation = ResizeOp(part: part, height: 2, width: 2, isBilinear: true)
    let error = #expect(throws: MartletError.self) {
      try operation.outputShape(of: [try Shape([6, 5, 3])])
    }
    #expect(
      error?.message == "a part of \(what) lies neither within an image of shape (6, 5, 3) nor "
        + "around it")
  }

  private func crop(_ height: Int, _ width: Int, isRandom: Bool = true) -> RandomCropOp {
    RandomCropOp(
      otherwise: ResizeOp(
        part: .init(top: 0, left: 1, height: 6, width: 3), height: height, width: width,
        isBilinear: true),
      isRandom: isRandom, seed: 11)
  }

  @Test(arguments: [(4, 2), (6, 5), (1, 1)])
  func cropping(_ height: Int, _ width: Int) throws {
    for isRandom in [true, false] {
      try check(crop(height, width, isRandom: isRandom), [6, 5, 3])
      try check(crop(height, width, isRandom: isRandom), [6, 5, 3], isTraining: false)
    }
  }

  /// Each place is as likely as any other, and the same for all images of a batch.
  @Test func croppingReachesEveryPlace() throws {
    let input = try Shape([6, 5, 1])
    let operation = crop(4, 3)
    let image = (0..<30).map(Double.init)
    var counts: [Double: Int] = [:]
    for step in 0..<900 {
      let parts = operation.reference(
        [image + image], variables: [],
        setting: ReferenceSetting(
          inputShapes: [input], outputShape: try operation.outputShape(of: [input]), batch: 2,
          isTraining: true, step: UInt64(step), index: 0))
      let first = parts[0]
      let expected = (0..<4).flatMap { row in
        (0..<3).map { first + Double(5 * row + $0) }
      }
      #expect(parts == expected + expected)
      counts[first, default: 0] += 1
    }
    #expect(counts.keys.sorted() == [0, 1, 2, 5, 6, 7, 10, 11, 12])
    // Five standard deviations of 9.4 around 100.
    #expect(counts.values.allSatisfy { (53...147).contains($0) }, "\(counts)")
  }

  @Test func croppingRefusesSmallImages() throws {
    let error = #expect(throws: MartletError.self) {
      try crop(7, 2).outputShape(of: [try Shape([6, 5, 3])])
    }
    #expect(
      error?.message
        == "a part of 7 by 2 points does not fit into an image of shape (6, 5, 3)")
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

  @Test(arguments: [[3], [4, 5, 3], [2, 17]])
  func columnScale(_ shape: [Int]) throws {
    var numbers = SeededGenerator(seed: 4)
    let operation = ColumnScaleOp(
      scale: numbers.floats(shape.last!), offset: numbers.floats(shape.last!))
    try check(operation, shape)
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
