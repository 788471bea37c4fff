import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletOps
import MartletTensors
import MartletTestSupport
import Testing

/// Every operation at every instruction-set level against its plain twin in double precision:
/// values, and gradients of inputs and variables by central differences.
@Suite struct OperationTests {
  private func check(
    _ operation: some Operation, _ inputs: [[Int]], _ variables: [Variable] = [],
    isTraining: Bool = true, elements: Int = 24, location: SourceLocation = #_sourceLocation
  ) throws {
    try check(
      try ProgramCheck.withInputGradient(
        operation, inputs: inputs.map { try Shape($0) }, variables: variables),
      isTraining: isTraining, elements: elements, location: location)
  }

  private func check(
    _ program: Program, isTraining: Bool = true, elements: Int = 24,
    location: SourceLocation = #_sourceLocation
  ) throws {
    var check = ProgramCheck(program)
    check.isTraining = isTraining
    check.checkedElements = elements
    try check.run(sourceLocation: location)
  }

  struct ConvolutionCase: CustomTestStringConvertible, Sendable {
    var size = (7, 9)
    var channels = 3
    var filters = 5
    var kernel = (3, 3)
    var stride = (1, 1)
    var dilation = (1, 1)
    var padding = Padding.valid
    var groups = 1
    var testDescription: String {
      "\(size) \(channels)→\(filters) kernel \(kernel) stride \(stride) dilation \(dilation) "
        + "\(padding) groups \(groups)"
    }
  }

  static func geometry(_ c: ConvolutionCase) throws -> ConvolutionGeometry {
    ConvolutionGeometry(
      vertical: try #require(
        WindowAxis(
          input: c.size.0, kernel: c.kernel.0, stride: c.stride.0, dilation: c.dilation.0,
          padding: c.padding)),
      horizontal: try #require(
        WindowAxis(
          input: c.size.1, kernel: c.kernel.1, stride: c.stride.1, dilation: c.dilation.1,
          padding: c.padding)),
      channels: c.channels, filters: c.filters, groups: c.groups)
  }

  @Test(arguments: [
    ConvolutionCase(),
    ConvolutionCase(padding: .same),
    ConvolutionCase(channels: 1, filters: 1, kernel: (1, 1)),
    ConvolutionCase(channels: 4, filters: 32, kernel: (1, 1), stride: (2, 2), padding: .same),
    ConvolutionCase(channels: 16, filters: 33, kernel: (2, 2), padding: .same),
    ConvolutionCase(channels: 17, filters: 16, kernel: (4, 2), padding: .same),
    ConvolutionCase(channels: 2, filters: 31, kernel: (2, 5), stride: (2, 3), padding: .same),
    ConvolutionCase(channels: 2, filters: 15, kernel: (3, 3), stride: (3, 2)),
    ConvolutionCase(size: (6, 6), channels: 3, filters: 8, stride: (4, 4), padding: .same),
    ConvolutionCase(channels: 3, filters: 17, kernel: (2, 2), stride: (3, 3), padding: .valid),
    ConvolutionCase(channels: 3, filters: 8, kernel: (3, 2), dilation: (2, 3)),
    ConvolutionCase(channels: 3, filters: 8, kernel: (2, 3), dilation: (3, 2), padding: .same),
    ConvolutionCase(channels: 6, filters: 4, kernel: (3, 3), padding: .same, groups: 2),
    ConvolutionCase(channels: 4, filters: 8, stride: (2, 2), padding: .same, groups: 4),
    ConvolutionCase(channels: 6, filters: 36, kernel: (2, 2), dilation: (2, 2), groups: 2),
    ConvolutionCase(size: (3, 40), channels: 2, filters: 20, kernel: (3, 3), padding: .same),
    ConvolutionCase(size: (5, 5), channels: 3, filters: 4, kernel: (5, 5)),
    ConvolutionCase(size: (4, 4), channels: 2, filters: 3, kernel: (6, 7), padding: .same),
  ])
  func convolution(_ c: ConvolutionCase) throws {
    let geometry = try OperationTests.geometry(c)
    let kernel = try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
    try check(ConvolutionOp(geometry: geometry), [[c.size.0, c.size.1, c.channels]], [kernel])
  }

  /// Every stride and dilation on both axes; channels below, at and above a vector of each level.
  @Test(arguments: [
    ConvolutionCase(channels: 3, padding: .same),
    ConvolutionCase(channels: 8, padding: .same),
    ConvolutionCase(size: (5, 7), channels: 24, kernel: (5, 5), padding: .same),
    ConvolutionCase(size: (8, 10), channels: 17, stride: (2, 2), padding: .same),
    ConvolutionCase(size: (9, 9), channels: 16, kernel: (5, 5), stride: (2, 2), padding: .same),
    ConvolutionCase(size: (9, 11), channels: 5, kernel: (2, 3), stride: (3, 2)),
    ConvolutionCase(size: (6, 9), channels: 4, kernel: (1, 2), stride: (3, 4), padding: .same),
    ConvolutionCase(size: (9, 10), channels: 2, stride: (2, 1), dilation: (1, 3), padding: .same),
    ConvolutionCase(size: (11, 12), channels: 3, stride: (2, 4), dilation: (2, 2)),
    ConvolutionCase(size: (13, 9), channels: 3, stride: (4, 3), dilation: (6, 2), padding: .same),
    ConvolutionCase(size: (4, 3), channels: 33, kernel: (6, 7), padding: .same),
    ConvolutionCase(size: (4, 5), channels: 1, kernel: (1, 1)),
  ])
  func depthwiseConvolution(_ c: ConvolutionCase) throws {
    var c = c
    (c.filters, c.groups) = (c.channels, c.channels)
    let geometry = try OperationTests.geometry(c)
    let kernel = try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
    let input = [c.size.0, c.size.1, c.channels]
    try check(DepthwiseConvolutionOp(geometry: geometry), [input], [kernel])
    // The same numbers as the convolution it is.
    let inputs = [[Double]](
      repeating: (0..<input.reduce(1, *)).map { Double($0 % 7) - 3 }, count: 1)
    let weights = (0..<kernel.count).map { Double($0 % 5) - 2 }
    let setting = ReferenceSetting(
      inputShapes: [try Shape(input)], outputShape: try Shape(geometry.outputExtents), batch: 1,
      isTraining: false, step: 0, index: 0)
    #expect(
      DepthwiseConvolutionOp(geometry: geometry).reference(
        inputs, variables: [weights], setting: setting)
        == ConvolutionOp(geometry: geometry).reference(
          inputs, variables: [weights], setting: setting))
  }

  /// `size` is that of the input.
  @Test(arguments: [
    ConvolutionCase(size: (4, 5)),
    ConvolutionCase(size: (4, 5), padding: .same),
    ConvolutionCase(size: (3, 4), channels: 2, filters: 17, stride: (2, 3), padding: .same),
    ConvolutionCase(size: (3, 4), channels: 16, filters: 3, kernel: (4, 4), stride: (2, 2)),
    ConvolutionCase(
      size: (4, 4), channels: 5, filters: 4, kernel: (4, 2), stride: (2, 3), padding: .same),
    ConvolutionCase(size: (3, 3), channels: 4, filters: 4, kernel: (2, 1), stride: (3, 2)),
    ConvolutionCase(size: (4, 5), channels: 2, filters: 3, dilation: (2, 3), padding: .same),
    ConvolutionCase(size: (2, 3), channels: 3, filters: 2, kernel: (2, 3), dilation: (3, 1)),
    ConvolutionCase(size: (8, 8), channels: 16, filters: 20, padding: .same),
    ConvolutionCase(size: (7, 9), channels: 33, filters: 16),
  ])
  func transposedConvolution(_ c: ConvolutionCase) throws {
    for added in c.stride == (1, 1) ? [nil] : [nil, (0, 0), (1, 1)] {
      func axis(
        _ points: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ added: Int?
      ) throws -> WindowAxis {
        try #require(
          WindowAxis(
            transposing: points, kernel: kernel, stride: stride, dilation: dilation,
            padding: c.padding, outputPadding: added))
      }
      let geometry = ConvolutionGeometry(
        vertical: try axis(c.size.0, c.kernel.0, c.stride.0, c.dilation.0, added?.0),
        horizontal: try axis(c.size.1, c.kernel.1, c.stride.1, c.dilation.1, added?.1),
        channels: c.filters, filters: c.channels, groups: 1)
      let kernel = try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
      try check(
        TransposedConvolutionOp(geometry: geometry), [[c.size.0, c.size.1, c.channels]], [kernel],
        elements: 8)
    }
  }

  /// Bias, normalization and activation become part of these operations.
  @Test(arguments: [Activation.relu, .clipped(minimum: 0, maximum: 0.5), .tanh])
  func linearOperationsTakeWhatFollows(_ activation: Activation) throws {
    let depthwise = try OperationTests.geometry(
      ConvolutionCase(size: (5, 6), channels: 6, filters: 6, padding: .same, groups: 6))
    let transposed = try OperationTests.geometry(
      ConvolutionCase(size: (7, 8), channels: 6, filters: 4))
    func check(_ operation: some Operation, _ kernel: [Int], _ input: [Int]) throws {
      for normalizes in [false, true] {
        var program = Program()
        let source = program.addInput(try Shape(input))
        let shift = try Variable(name: "shift", shape: Shape([input[2]]))
        var value = try program.apply(BiasOp(), to: [source], variables: [shift], layer: "shift")
        let weights = try Variable(name: "kernel", shape: Shape(kernel))
        value = try program.apply(operation, to: [value], variables: [weights], layer: "tested")
        let bias = try Variable(name: "bias", shape: Shape([6]))
        value = try program.apply(BiasOp(), to: [value], variables: [bias], layer: "tested")
        if normalizes {
          let numbers = try ["gamma", "beta", "moving_mean", "moving_variance"].map {
            try Variable(name: $0, shape: Shape([6]), isTrainable: !$0.hasPrefix("moving"))
          }
          value = try program.apply(
            BatchNormalizationOp(
              axis: 2, momentum: 0.9, epsilon: 1e-3, hasScale: true, hasCenter: true,
              isFrozen: false), to: [value],
            variables: numbers, layer: "normalization")
        }
        value = try program.apply(ActivationOp(activation), to: [value], layer: "tested")
        program.outputs = [value]
        let fused = program.fused(isTraining: false, computesGradients: false)
        #expect(fused.instructions.count == 2)
        try ProgramCheck(program).run()
      }
    }
    try check(DepthwiseConvolutionOp(geometry: depthwise), [3, 3, 1, 6], [5, 6, 6])
    try check(TransposedConvolutionOp(geometry: transposed), [3, 3, 6, 4], [5, 6, 4])
  }

  @Test func channelRepetition() throws {
    for (channels, count) in [(1, 1), (3, 2), (16, 3), (5, 17)] {
      try check(ChannelRepetitionOp(count: count), [[2, 3, channels]])
    }
  }

  /// Wide enough for Winograd's transforms to pay: whole and cut tiles.
  @Test(arguments: [
    ConvolutionCase(size: (8, 8), channels: 16, filters: 16, padding: .same),
    ConvolutionCase(size: (9, 11), channels: 17, filters: 33, padding: .same),
    ConvolutionCase(size: (10, 10), channels: 33, filters: 40),
    ConvolutionCase(size: (15, 13), channels: 16, filters: 31, kernel: (4, 4)),
    ConvolutionCase(size: (12, 12), channels: 32, filters: 17, kernel: (4, 4), padding: .same),
    ConvolutionCase(size: (9, 10), channels: 20, filters: 48, kernel: (5, 5)),
    ConvolutionCase(size: (8, 12), channels: 48, filters: 16, kernel: (5, 5), padding: .same),
  ])
  func convolutionByMinimalFiltering(_ c: ConvolutionCase) throws {
    let geometry = try OperationTests.geometry(c)
    for groupSize in [1, 3] {
      #expect(
        WinogradConvolution(
          geometry, KernelSelection.current.kernels, groupSize: groupSize) != nil)
    }
    let kernel = try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
    // The twin takes its time at these sizes.
    try check(
      ConvolutionOp(geometry: geometry), [[c.size.0, c.size.1, c.channels]], [kernel],
      elements: 5)
  }

  /// Convolution and matrix product with products of bfloat16 numbers.
  @Test(arguments: [ProductPrecision.split, .bfloat16], bfloat16Levels.indices)
  func roundedProducts(_ precision: ProductPrecision, _ level: Int) throws {
    let kernels = bfloat16Levels[level]
    if precision == .split && kernels.bfloat16?.split == nil { return }
    let cases = [
      ConvolutionCase(size: (6, 7), channels: 8, filters: 10, padding: .same),
      ConvolutionCase(size: (9, 11), channels: 18, filters: 34, padding: .same),
      ConvolutionCase(size: (9, 8), channels: 10, filters: 16, stride: (2, 2), padding: .same),
      ConvolutionCase(size: (7, 7), channels: 16, filters: 8, kernel: (1, 1), stride: (2, 2)),
      ConvolutionCase(size: (7, 9), channels: 16, filters: 32, kernel: (2, 3), dilation: (2, 1)),
      ConvolutionCase(size: (5, 6), channels: 16, filters: 20, padding: .same, groups: 2),
    ]
    // 2⁻¹⁶, and 2⁻⁸, of each product for what is left out of it, and the float sums.
    let tolerance = precision == .split ? 4e-5 : 1.5e-2
    // Here the largest sums, of 306 products of size ¼, are some ten times less than the sum of their
    // products' sizes: 3 · 2⁻¹⁸ of each product may come to 9e-5 of them. (Gradients of variables are
    // divided by the loss's count and compared with 1.)
    let inputGradientTolerance = precision == .split ? 6e-5 : 1.5e-2
    func check(_ operation: some Operation, _ input: [Int], _ variables: [Variable]) throws {
      #expect(operation.productPrecision(precision, inputs: [try Shape(input)]) == precision)
      var check = ProgramCheck(
        try ProgramCheck.withInputGradient(
          operation, inputs: [try Shape(input)], variables: variables))
      check.levels = [kernels]
      check.precision = precision
      check.tolerance = tolerance
      check.inputGradientTolerance = inputGradientTolerance
      check.checkedElements = 8
      try check.run()
    }
    for c in cases {
      let geometry = try OperationTests.geometry(c)
      let kernel = try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
      try check(
        ConvolutionOp(geometry: geometry), [c.size.0, c.size.1, c.channels], [kernel])
    }
    for c in [cases[0], cases[2]] {
      let geometry = try OperationTests.geometry(c)
      let kernel = try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
      try check(
        TransposedConvolutionOp(geometry: geometry), geometry.outputExtents, [kernel])
    }
    // The last ones are too large for groups.
    for (depth, units) in [(7, 8), (16, 16), (17, 34), (40, 64), (130, 10), (66, 100), (61, 130)] {
      let kernel = try Variable(name: "kernel", shape: Shape([depth, units]))
      try check(MatrixProductOp(units: units), [depth], [kernel])
      try check(MatrixProductOp(units: units), [2, 3, depth], [kernel])
    }
  }

  /// A layer's own precision goes before the plan's; odd and small counts stay with floats.
  @Test func whichPrecision() throws {
    let even = try OperationTests.geometry(ConvolutionCase(channels: 8, filters: 8))
    let odd = try OperationTests.geometry(ConvolutionCase(channels: 9, filters: 8))
    let small = try OperationTests.geometry(ConvolutionCase(channels: 1, filters: 8))
    #expect(ConvolutionOp(geometry: even).productPrecision(.split, inputs: []) == .split)
    #expect(
      ConvolutionOp(geometry: even, precision: .bfloat16).productPrecision(.split, inputs: [])
        == .bfloat16)
    for geometry in [odd, small] {
      #expect(ConvolutionOp(geometry: geometry).productPrecision(.split, inputs: []) == .float32)
    }
    #expect(MatrixProductOp(units: 7).productPrecision(.split, inputs: []) == .float32)
    #expect(
      MatrixProductOp(units: 8, precision: .bfloat16).productPrecision(.float32, inputs: [])
        == .bfloat16)
    let kernels = try #require(KernelSelection.available.first)
    #expect(kernels.with(.bfloat16).product.precision == .float32)
  }

  /// A convolution whose last row and column no pooling window reads.
  @Test(arguments: [1, 16]) func convolutionBehindWhichPoolingLeavesARest(_ channels: Int) throws {
    var program = Program()
    let c = ConvolutionCase(size: (13, 12), channels: channels, filters: 16)
    let geometry = try OperationTests.geometry(c)
    let pooling = PoolingGeometry(
      vertical: try #require(WindowAxis(input: 11, kernel: 2, stride: 2, padding: .valid)),
      horizontal: try #require(WindowAxis(input: 10, kernel: 3, stride: 3, padding: .valid)),
      channels: 16)
    let input = program.addInput(try Shape([13, 12, channels]))
    let shift = try Variable(name: "shift", shape: Shape([channels]))
    let kernel = try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
    let bias = try Variable(name: "bias", shape: Shape([16]))
    var value = try program.apply(BiasOp(), to: [input], variables: [shift], layer: "shift")
    value = try program.apply(
      ConvolutionOp(geometry: geometry), to: [value], variables: [kernel], layer: "convolution")
    value = try program.apply(BiasOp(), to: [value], variables: [bias], layer: "convolution")
    value = try program.apply(ActivationOp(.relu), to: [value], layer: "convolution")
    value = try program.apply(MaximumPoolingOp(geometry: pooling), to: [value], layer: "pooling")
    program.outputs = [value]
    let fused = try #require(
      program.fused(isTraining: true, computesGradients: true).instructions.last?.operation
        as? ConvolutionOp)
    #expect(fused.geometry.outputExtents == [10, 9, 16])
    try ProgramCheck(program).run()
  }

  /// Widths of the output from one point to beyond two tiles of the tallest level.
  @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 9, 13, 14, 15, 16, 27, 28, 29, 30])
  func convolutionAtEveryTileHeight(_ width: Int) throws {
    for filters in [15, 16, 17, 31, 32, 33] {
      let geometry = try OperationTests.geometry(
        ConvolutionCase(size: (2, width), channels: 2, filters: filters, padding: .same))
      let kernel = try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
      try check(ConvolutionOp(geometry: geometry), [[2, width, 2]], [kernel])
    }
  }

  /// Matrices that every group of samples reads, and some that are too large for that.
  @Test(
    arguments: [
      (1, 1), (3, 5), (16, 16), (17, 31), (33, 32), (40, 65), (130, 10), (70, 60), (300, 140),
    ])
  func matrixProduct(_ depth: Int, _ units: Int) throws {
    let kernel = try Variable(name: "kernel", shape: Shape([depth, units]))
    try check(MatrixProductOp(units: units), [[depth]], [kernel])
    try check(MatrixProductOp(units: units), [[2, 3, depth]], [kernel])
  }

  @Test func bias() throws {
    for count in [1, 15, 16, 17, 40] {
      let bias = try Variable(name: "bias", shape: Shape([count]))
      try check(BiasOp(), [[3, 2, count]], [bias])
    }
  }

  @Test(arguments: [
    Activation.linear, .relu, .leakyRelu(slope: 0.2), .leakyRelu(slope: -0.3), .elu(alpha: 1),
    .elu(alpha: 0.7), .sigmoid, .tanh, .boundedRelu(slope: 0.1, maximum: 0.8, threshold: 0.2),
    .clipped(minimum: 0, maximum: 0.5), .selu, .gelu, .geluByTanh, .silu, .hardSigmoid, .hardSilu,
    .softplus, .softsign, .exponential, .mish, .logSigmoid, .square, .magnitude, .sign,
  ])
  func activation(_ activation: Activation) throws {
    for count in [1, 15, 16, 17, 50] { try check(ActivationOp(activation), [[count]]) }
  }

  /// Of positive numbers, which an exponential makes.
  @Test(arguments: [Activation.squareRoot, .reciprocal, .logarithm])
  func functionOfPositiveNumbers(_ function: Activation) throws {
    for count in [1, 15, 16, 17, 50] {
      var program = Program()
      let x = program.addInput(try Shape([count]))
      let shift = try Variable(name: "shift", shape: Shape([count]))
      let shifted = try program.apply(BiasOp(), to: [x], variables: [shift], layer: "shift")
      let positive = try program.apply(ActivationOp(.exponential), to: [shifted], layer: "exp")
      program.outputs = [try program.apply(ActivationOp(function), to: [positive], layer: "f")]
      try check(program)
    }
  }

  @Test(arguments: ReductionOp.Function.allCases)
  func reductions(_ function: ReductionOp.Function) throws {
    let cases: [([Int], Set<Int>)] = [
      ([17], [0]), ([3, 5], [0]), ([3, 5], [1]), ([4, 3, 17], [0, 1]), ([4, 3, 17], [0, 2]),
      ([4, 3, 2], [1]), ([2, 3, 33], [0, 1, 2]), ([5, 1, 3], [1]), ([1], [0]), ([3, 4], []),
    ]
    for (extents, axes) in cases {
      for keeps in [false, true] {
        try check(ReductionOp(function, axes: axes, keepsDimensions: keeps), [extents])
      }
    }
  }

  @Test(arguments: ReductionOp.Function.allCases)
  func reductionsOfBatches(_ function: ReductionOp.Function) throws {
    for extents in [[1], [17], [3, 5]] { try check(BatchReductionOp(function), [extents]) }
  }

  /// The extreme of equal numbers of a batch gives each of them its share of the gradient.
  @Test func tiesInBatches() throws {
    let shift = try Variable(name: "shift", shape: Shape([1]))
    var program = Program()
    let zero = try program.apply(
      ScaleOffsetOp(scale: 0, offset: 0), to: [program.addInput(try Shape([1]))], layer: "zero")
    let shifted = try program.apply(BiasOp(), to: [zero], variables: [shift], layer: "shift")
    program.outputs = [
      try program.apply(BatchReductionOp(.maximum), to: [shifted], layer: "greatest")
    ]
    try check(program)
  }

  @Test func slices() throws {
    typealias Range = SliceOp.Range
    let cases: [([Int], [Range])] = [
      ([5], [Range(start: 1, count: 3)]), ([33], [Range(start: 32, count: 33, step: -1)]),
      ([40], [Range(start: 3, count: 12, step: 3)]),
      ([4, 3], [Range(start: 2, count: 1), Range(start: 0, count: 3)]),
      (
        [4, 5, 17],
        [
          Range(start: 3, count: 2, step: -2), Range(start: 0, count: 5),
          Range(start: 1, count: 16),
        ]
      ),
      (
        [3, 4, 2],
        [
          Range(start: 0, count: 3), Range(start: 1, count: 2, step: 2),
          Range(start: 1, count: 2, step: -1),
        ]
      ),
    ]
    for (extents, ranges) in cases { try check(SliceOp(ranges), [extents]) }
  }

  /// With conditions that hold and ones that do not, and inputs that repeat.
  @Test func selections() throws {
    for shapes in [[[17], [17], [17]], [[3, 5], [5], [3, 1]], [[1], [4, 2], [4, 2]]] {
      var program = Program()
      var values: [Program.ValueID] = []
      for (index, extents) in shapes.enumerated() {
        let shift = try Variable(name: "shift", shape: Shape([extents.last ?? 1]))
        let input = program.addInput(try Shape(extents))
        values.append(
          try program.apply(BiasOp(), to: [input], variables: [shift], layer: "shift\(index)"))
      }
      values[0] = try program.apply(ActivationOp(.relu), to: [values[0]], layer: "condition")
      values[0] = try program.apply(ActivationOp(.sign), to: [values[0]], layer: "condition")
      program.outputs = [try program.apply(SelectionOp(), to: values, layer: "selection")]
      try check(program)
    }
  }

  @Test func argmax() throws {
    for extents in [[1], [17], [3, 5], [2, 2, 33]] { try check(ArgmaxOp(), [extents]) }
  }

  /// Gradients of all losses that take values go to the predictions, behind a sigmoid here.
  @Test(arguments: [
    LossFunction.meanSquaredError, .binaryCrossentropy(fromLogits: false, labelSmoothing: 0.1),
    .categoricalCrossentropy(fromLogits: true, labelSmoothing: 0), .cosineSimilarity,
    .huber(delta: 0.5), .logCosh,
  ])
  func lossesAsValues(_ function: LossFunction) throws {
    for extents in [[1], [17], [3, 5]] {
      var program = Program()
      // Of targets that do not move with their input: they have no gradient.
      let target = try program.apply(
        ActivationOp(.sign), to: [program.addInput(try Shape(extents))], layer: "target")
      let shift = try Variable(name: "shift", shape: Shape([extents.last ?? 1]))
      let x = program.addInput(try Shape(extents))
      let shifted = try program.apply(BiasOp(), to: [x], variables: [shift], layer: "shift")
      let prediction = try program.apply(ActivationOp(.sigmoid), to: [shifted], layer: "sigmoid")
      program.outputs = [
        try program.apply(LossValueOp(function), to: [target, prediction], layer: "loss")
      ]
      try check(program)
    }
  }

  /// Σ (p − t)³ of every sample.
  @Test func lossesOfTheCaller() throws {
    for size in [1, 5, 17] {
      // Linear, so that the check's own loss, a square, makes a parabola of it: its central difference is
      // exact at any distance.
      let distance = ExternalLossOp { count, targets, predictions, values, gradients in
        for sample in 0..<count {
          values[sample] = 0
          for index in (sample * size)..<((sample + 1) * size) {
            let factor = Float(index - sample * size + 1)
            values[sample] += factor * (predictions[index] - targets[index])
            gradients[index] = factor
          }
        }
        return true
      }
      var program = Program()
      let target = program.addInput(try Shape([size]))
      let x = program.addInput(try Shape([size]))
      let shift = try Variable(name: "shift", shape: Shape([size]))
      let prediction = try program.apply(BiasOp(), to: [x], variables: [shift], layer: "shift")
      program.outputs = [try program.apply(distance, to: [target, prediction], layer: "loss")]
      var check = ProgramCheck(program)
      check.h = 0.125
      // Targets are inputs here, but have no gradient. That of x is what the shift's is the sum of.
      check.inputGradientTolerance = .infinity
      try check.run()
    }
  }

  /// Class numbers, among them one that is ignored.
  @Test func lossOfLabelsAsValues() throws {
    var program = Program()
    let x = program.addInput(try Shape([3, 5]))
    let shift = try Variable(name: "shift", shape: Shape([5]))
    let shifted = try program.apply(BiasOp(), to: [x], variables: [shift], layer: "shift")
    let scores = program.addInput(try Shape([3, 4]))
    let label = try program.apply(ArgmaxOp(), to: [scores], layer: "label")
    let loss = LossValueOp(.sparseCategoricalCrossentropy(fromLogits: true), ignoring: 2)
    program.outputs = [try program.apply(loss, to: [label, shifted], layer: "loss")]
    try check(program)
  }

  @Test func shapesThatDoNotSuitValues() throws {
    let (four, three) = (try Shape([4]), try Shape([3]))
    func message(_ operation: some Operation, _ inputs: [Shape]) -> String? {
      do {
        _ = try operation.outputShape(of: inputs)
        return nil
      } catch {
        return error.message
      }
    }
    #expect(
      message(LossValueOp(.meanSquaredError), [four, three])
        == "y_true has shape (None, 4), expected (None, 3) for predictions of shape (None, 3)")
    #expect(
      message(LossValueOp(.sparseCategoricalCrossentropy(fromLogits: true)), [three, three])
        == "y_true has shape (None, 3), expected class numbers of shape (None,) for predictions of "
        + "shape (None, 3)")
    #expect(
      message(LossValueOp(.meanSquaredError), [four])
        == "a loss takes targets and predictions, got 1 inputs")
    #expect(
      message(SliceOp([.init(start: 2, count: 3)]), [four])
        == "a slice of 3 from 2 in steps of 1 along axis 1 of an input of shape (None, 4)")
    #expect(
      message(SelectionOp(), [four, four])
        == "selection takes a condition and two values, got 2 inputs")
  }

  @Test func productsOfTensors() throws {
    let cases = [
      ([3, 4], [4, 5]), ([7], [7, 3]), ([2, 3, 17], [17, 33]), ([2, 3, 4], [2, 4, 5]),
      ([2, 2, 17, 9], [2, 2, 9, 18]), ([1, 1], [1, 1]),
    ]
    for (a, b) in cases { try check(TensorProductOp(), [a, b]) }
  }

  /// As a value, in a product and as a bias.
  @Test func weightsAsValues() throws {
    for count in [1, 15, 17] {
      let weight = try Variable(name: "gamma", shape: Shape([count]))
      let matrix = try Variable(name: "matrix", shape: Shape([count, 3]))
      var program = Program()
      let x = program.addInput(try Shape([2, count]))
      let value = try program.apply(
        WeightValueOp(shape: weight.shape), to: [], variables: [weight], layer: "gamma")
      let unread = try program.apply(
        WeightValueOp(shape: matrix.shape), to: [], variables: [matrix], layer: "matrix")
      let scaled = try program.apply(MultiplicationOp(), to: [x, value], layer: "multiply")
      let found = try #require(program.weight(of: unread))
      #expect(found === matrix)
      #expect(program.weight(of: scaled) == nil)
      program.outputs = [
        try program.apply(
          MatrixProductOp(units: 3), to: [scaled], variables: [matrix], layer: "product")
      ]
      try program.settleWeights()
      #expect(program.instructions.count == 3)
      try check(program)
    }
  }

  @Test func aWeightInAProductAndElsewhere() throws {
    let matrix = try Variable(name: "w", shape: Shape([3, 3]))
    var program = Program()
    let x = program.addInput(try Shape([3, 3]))
    let value = try program.apply(
      WeightValueOp(shape: matrix.shape), to: [], variables: [matrix], layer: "own")
    let product = try program.apply(
      MatrixProductOp(units: 3), to: [x], variables: [matrix], layer: "own")
    program.outputs = [try program.apply(AdditionOp(), to: [product, value], layer: "own")]
    let error = #expect(throws: MartletError.self) { try program.settleWeights() }
    #expect(
      error?.message == "layer 'own': the weight 'w' stands in a matrix product and elsewhere too; "
        + "make a weight for each")
  }

  @Test func softmax() throws {
    for (shape, axis) in [([10], 0), ([3, 17], 1), ([4, 5], 0), ([2, 5, 3], 1), ([1], 0)] {
      try check(SoftmaxOp(axis: axis), [shape])
    }
  }

  @Test(arguments: [
    ((8, 8), (2, 2), (2, 2), Padding.valid, 5), ((7, 9), (2, 2), (2, 2), .same, 17),
    ((7, 9), (3, 3), (2, 2), .valid, 16), ((7, 9), (3, 2), (1, 1), .same, 1),
    ((5, 5), (5, 5), (5, 5), .valid, 33), ((6, 5), (2, 3), (3, 1), .same, 4),
  ])
  func pooling(
    _ size: (Int, Int), _ pool: (Int, Int), _ stride: (Int, Int), _ padding: Padding,
    _ channels: Int
  ) throws {
    let geometry = PoolingGeometry(
      vertical: try #require(
        WindowAxis(input: size.0, kernel: pool.0, stride: stride.0, padding: padding)),
      horizontal: try #require(
        WindowAxis(input: size.1, kernel: pool.1, stride: stride.1, padding: padding)),
      channels: channels)
    try check(MaximumPoolingOp(geometry: geometry), [[size.0, size.1, channels]])
    try check(AveragePoolingOp(geometry: geometry), [[size.0, size.1, channels]])
  }

  @Test func globalAverage() throws {
    for channels in [1, 3, 16, 33] {
      try check(GlobalAverageOp(keepsDimensions: false), [[4, 5, channels]])
      try check(GlobalAverageOp(keepsDimensions: true), [[4, 5, channels]])
    }
  }

  @Test func globalMaximum() throws {
    for channels in [1, 3, 16, 33] {
      try check(GlobalMaximumOp(keepsDimensions: false), [[4, 5, channels]])
      try check(GlobalMaximumOp(keepsDimensions: true), [[4, 5, channels]])
    }
  }

  @Test(arguments: [
    ([4, 5, 6], [1, 2, 0]), ([4, 5, 6], [2, 0, 1]), ([17, 33, 2], [1, 0, 2]),
    ([3, 1, 40], [2, 1, 0]), ([2, 3, 4, 5], [3, 1, 0, 2]), ([5, 4], [1, 0]), ([6], [0]),
  ])
  func transposition(_ extents: [Int], _ order: [Int]) throws {
    try check(TranspositionOp(order: order), [extents])
  }

  @Test func padding() throws {
    for channels in [1, 3, 16] {
      try check(PaddingOp(top: 1, bottom: 0, left: 2, right: 3), [[4, 5, channels]])
    }
    try check(PaddingOp(top: 0, bottom: 0, left: 0, right: 0), [[4, 5, 2]])
  }

  @Test func parametricRelu() throws {
    for slopes in [[4, 5, 6], [1, 1, 6], [4, 1, 6], [1, 5, 1], [1, 1, 1]] {
      let variable = try Variable(name: "alpha", shape: Shape(slopes))
      try check(ParametricReluOp(slopes: variable.shape), [[4, 5, 6]], [variable])
    }
  }

  @Test func noise() throws {
    try check(NoiseOp(deviation: 0.3, seed: 42), [[7, 11]])
    try check(NoiseOp(deviation: 0.3, seed: 42), [[9]], isTraining: false)
    for mask in [[1, 1, 3], [4, 1, 1], [1, 5, 3], [1, 1, 1]] {
      for sharesBatch in [false, true] {
        let shape = try Shape(mask)
        try check(
          SharedDropoutOp(rate: 0.4, seed: 42, mask: shape, sharesBatch: sharesBatch), [[4, 5, 3]])
      }
    }
    #expect(
      throws: MartletError.invalidArgument(
        "a noise shape of (2, 1) does not fit to samples of shape (3, 4): its extents must be those "
          + "of the input, or 1")
    ) {
      try SharedDropoutOp(rate: 0.4, seed: 1, mask: Shape([2, 1])).outputShape(of: [Shape([3, 4])])
    }
  }

  /// Penalties of weights, of a value in the middle that another operation reads, of an output, and
  /// of one that no variable moves.
  @Test func penalties() throws {
    var program = Program()
    let input = program.addInput(try Shape([6]))
    let kernel = try Variable(
      name: "kernel", shape: Shape([6, 5]), penalty: Penalty(l1: 0.3, l2: 0.2))
    let bias = try Variable(name: "bias", shape: Shape([5]), penalty: Penalty(l1: 0, l2: 0.7))
    let frozen = try Variable(name: "last", shape: Shape([5, 4]), penalty: Penalty(l1: 9, l2: 9))
    frozen.isFrozen = true
    var value = try program.apply(
      MatrixProductOp(units: 5), to: [input], variables: [kernel], layer: "a")
    value = try program.apply(BiasOp(), to: [value], variables: [bias], layer: "a")
    value = try program.apply(ActivationOp(.tanh), to: [value], layer: "a")
    program.activityPenalties.append((value, Penalty(l1: 0.1, l2: 0.4)))
    value = try program.apply(
      MatrixProductOp(units: 4), to: [value], variables: [frozen], layer: "b")
    program.activityPenalties.append((value, Penalty(l1: 0, l2: 0.5)))
    program.activityPenalties.append((input, Penalty(l1: 0.5, l2: 0)))
    program.outputs = [value]
    try ProgramCheck(program).run()
  }

  /// Weights of several stretches, the last one short.
  @Test func penaltyOfManyWeights() throws {
    var program = Program()
    let input = program.addInput(try Shape([70]))
    let kernel = try Variable(
      name: "kernel", shape: Shape([70, 150]), penalty: Penalty(l1: 0.01, l2: 0.02))
    program.outputs = [
      try program.apply(MatrixProductOp(units: 150), to: [input], variables: [kernel], layer: "a")
    ]
    try ProgramCheck(program).run()
  }

  @Test func scaleOffsetAndReshape() throws {
    try check(ScaleOffsetOp(scale: 1 / 127.5, offset: -1), [[3, 5]])
    try check(ReshapeOp(shape: Shape([5, 3])), [[3, 5]])
  }

  @Test(arguments: [Activation.linear, .relu, .leakyRelu(slope: 0.2), .elu(alpha: 1), .tanh])
  func addition(_ activation: Activation) throws {
    var addition = AdditionOp()
    addition.activation = activation
    try check(addition, [[3, 17], [3, 17]])
    try check(addition, [[4], [4], [4]])
    try check(addition, [[3, 4, 5], [1, 1, 5]])
    try check(addition, [[3, 1, 5], [1, 4, 5], [5]])
  }

  @Test func multiplicationAndExtremes() throws {
    for operation in [
      MultiplicationOp(), ExtremeOp(isMinimum: false), ExtremeOp(isMinimum: true),
    ] as [any Operation] {
      try check(operation, [[3, 17], [3, 17]])
      try check(operation, [[4], [4], [4]])
      try check(operation, [[3, 4, 5], [1, 1, 5]])
      try check(operation, [[3, 1, 5], [1, 4, 5], [5]])
      #expect(
        throws: MartletError.invalidArgument(
          "\(operation.label) of unlike shapes: (None, 3) and (None, 4)")
      ) { try operation.outputShape(of: [Shape([3]), Shape([4])]) }
    }
  }

  @Test func concatenation() throws {
    try check(ConcatenationOp(axis: 0), [[4], [3], [9]])
    try check(ConcatenationOp(axis: 2), [[2, 3, 5], [2, 3, 16]])
    try check(ConcatenationOp(axis: 1), [[2, 3, 5], [2, 1, 5]])
  }

  @Test func dropout() throws {
    try check(DropoutOp(rate: 0.3, seed: 42), [[7, 11]])
    try check(DropoutOp(rate: 0.5, seed: 42), [[50]], isTraining: false)
  }

  static let normalizedShapes: [(extents: [Int], axis: Int)] = [
    ([6], 0), ([4, 5, 3], 2), ([4, 5, 17], 2), ([2, 3, 32], 2), ([2, 3, 4], 0), ([3, 4, 2], 1),
  ]

  private func checkNormalization(
    _ shape: [Int], _ axis: Int, isTraining: Bool = true,
    _ fuse: (inout BatchNormalizationOp) -> Void = { _ in }
  ) throws {
    for (scale, center) in [(true, true), (false, true), (true, false), (false, false)] {
      for isFrozen in [false, true] {
        let channels = try Shape([shape[axis]])
        var variables: [Variable] = []
        if scale { variables.append(try Variable(name: "gamma", shape: channels)) }
        if center { variables.append(try Variable(name: "beta", shape: channels)) }
        variables.append(
          try Variable(name: "moving_mean", shape: channels, isTrainable: false))
        variables.append(
          try Variable(name: "moving_variance", shape: channels, isTrainable: false))
        var operation = BatchNormalizationOp(
          axis: axis, momentum: 0.99, epsilon: 1e-3, hasScale: scale, hasCenter: center,
          isFrozen: isFrozen)
        fuse(&operation)
        try check(
          operation, operation.hasAddend ? [shape, shape] : [shape], variables,
          isTraining: isTraining)
      }
    }
  }

  @Test(arguments: normalizedShapes)
  func batchNormalization(_ shape: [Int], _ axis: Int) throws {
    try checkNormalization(shape, axis)
    try checkNormalization(shape, axis, isTraining: false)
  }

  @Test(
    arguments: normalizedShapes,
    [Activation.relu, .leakyRelu(slope: 0.2), .elu(alpha: 0.7), .sigmoid, .tanh])
  func batchNormalizationWithActivation(
    _ shape: (extents: [Int], axis: Int), _ activation: Activation
  ) throws {
    for hasAddend in [false, true] {
      try checkNormalization(shape.extents, shape.axis) {
        $0.activation = activation
        $0.hasAddend = hasAddend
      }
    }
  }

  @Test func batchNormalizationWithAddition() throws {
    for (shape, axis) in OperationTests.normalizedShapes {
      try checkNormalization(shape, axis) { $0.hasAddend = true }
    }
    var operation = BatchNormalizationOp(
      axis: 0, momentum: 0.99, epsilon: 1e-3, hasScale: false, hasCenter: false, isFrozen: false)
    operation.hasAddend = true
    operation.activation = .relu
    #expect(
      throws: MartletError.invalidArgument(
        "batch normalization + addition + activation expects two inputs of one shape, got "
          + "(None, 4) and (None, 5)")
    ) { try operation.outputShape(of: [Shape([4]), Shape([5])]) }
  }
}
