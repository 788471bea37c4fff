import MartletDispatch
import MartletEngine
import MartletKernelTable
import MartletOps
import MartletTensors
import MartletTestSupport
import Testing

/// Whole programs through fusion, placement and execution, against the plain twins.
@Suite struct PlanTests {
  private static func convolution(
    _ size: (Int, Int), _ channels: Int, _ filters: Int, padding: Padding = .valid
  ) throws -> (ConvolutionOp, Variable) {
    let geometry = ConvolutionGeometry(
      vertical: try #require(
        WindowAxis(input: size.0, kernel: 3, stride: 1, padding: padding)),
      horizontal: try #require(
        WindowAxis(input: size.1, kernel: 3, stride: 1, padding: padding)),
      channels: channels, filters: filters, groups: 1)
    return (
      ConvolutionOp(geometry: geometry),
      try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
    )
  }

  private static func pooling(_ size: (Int, Int), _ channels: Int) throws -> MaximumPoolingOp {
    MaximumPoolingOp(
      geometry: PoolingGeometry(
        vertical: try #require(WindowAxis(input: size.0, kernel: 2, stride: 2, padding: .valid)),
        horizontal: try #require(WindowAxis(input: size.1, kernel: 2, stride: 2, padding: .valid)),
        channels: channels))
  }

  /// Convolution, bias, activation, pooling, dense: the chain that fuses to two operations.
  private static func chain(_ activation: Activation) throws -> Program {
    var program = Program()
    var x = program.addInput(try Shape([9, 8, 2]))
    let (convolution, kernel) = try PlanTests.convolution((9, 8), 2, 5)
    x = try program.apply(convolution, to: [x], variables: [kernel], layer: "conv")
    let bias = try Variable(name: "bias", shape: Shape([5]))
    x = try program.apply(BiasOp(), to: [x], variables: [bias], layer: "conv")
    x = try program.apply(ActivationOp(activation), to: [x], layer: "conv")
    x = try program.apply(PlanTests.pooling((7, 6), 5), to: [x], layer: "pool")
    x = try program.apply(ReshapeOp(shape: Shape([45])), to: [x], layer: "flatten")
    let matrix = try Variable(name: "matrix", shape: Shape([45, 7]))
    x = try program.apply(MatrixProductOp(units: 7), to: [x], variables: [matrix], layer: "dense")
    let shift = try Variable(name: "shift", shape: Shape([7]))
    x = try program.apply(BiasOp(), to: [x], variables: [shift], layer: "dense")
    x = try program.apply(ActivationOp(activation), to: [x], layer: "dense")
    program.outputs = [x]
    return program
  }

  private static func labels(
    _ program: Program, isTraining: Bool = true, computesGradients: Bool = true
  ) -> [String] {
    program.fused(isTraining: isTraining, computesGradients: computesGradients).instructions
      .map(\.operation.label)
  }

  @Test(arguments: [
    Activation.linear, .relu, .leakyRelu(slope: 0.1), .elu(alpha: 1), .sigmoid, .tanh,
  ])
  func fusedChain(_ activation: Activation) throws {
    let program = try PlanTests.chain(activation)
    #expect(PlanTests.labels(program).count == 3)
    try ProgramCheck(program).run()
  }

  @Test func whatIsReadTwiceDoesNotFuse() throws {
    var program = Program()
    let x = program.addInput(try Shape([6, 6, 2]))
    let (convolution, kernel) = try PlanTests.convolution((6, 6), 2, 4)
    let y = try program.apply(convolution, to: [x], variables: [kernel], layer: "conv")
    let z = try program.apply(ActivationOp(.relu), to: [y], layer: "relu")
    program.outputs = [try program.apply(AdditionOp(), to: [y, z], layer: "add")]
    #expect(PlanTests.labels(program).count == 3)
    try ProgramCheck(program).run()
    program.outputs = [z, y]
    #expect(PlanTests.labels(program).count == 3)
    try ProgramCheck(program).run()
  }

  /// A residual block with batch normalization: barriers, a value with two readers, a shared kernel.
  @Test func residualBlock() throws {
    var program = Program()
    let x = program.addInput(try Shape([6, 5, 4]))
    let (convolution, kernel) = try PlanTests.convolution((6, 5), 4, 4, padding: .same)
    let channels = try Shape([4])
    var y = try program.apply(convolution, to: [x], variables: [kernel], layer: "conv")
    y = try program.apply(
      BatchNormalizationOp(
        axis: 2, momentum: 0.9, epsilon: 1e-3, hasScale: true, hasCenter: true, isFrozen: false),
      to: [y],
      variables: [
        Variable(name: "gamma", shape: channels), Variable(name: "beta", shape: channels),
        Variable(name: "moving_mean", shape: channels, isTrainable: false),
        Variable(name: "moving_variance", shape: channels, isTrainable: false),
      ], layer: "bn")
    y = try program.apply(ActivationOp(.relu), to: [y], layer: "relu")
    // The same kernel again: its gradient is the sum of both uses.
    let z = try program.apply(convolution, to: [y], variables: [kernel], layer: "conv")
    let sum = try program.apply(AdditionOp(), to: [y, z], layer: "add")
    let twice = try program.apply(AdditionOp(), to: [sum, sum], layer: "twice")
    program.outputs = [
      try program.apply(GlobalAverageOp(keepsDimensions: false), to: [twice], layer: "mean"), sum,
    ]
    for (batch, capacity) in [(1, 1), (5, 5), (3, 40), (40, 40)] {
      var check = ProgramCheck(program)
      check.batch = batch
      check.capacity = capacity
      check.checkedElements = 6
      try check.run()
    }
  }

  /// What the backward pass works out again from moments of the forward pass, which are still there
  /// although nothing before it has a gradient.
  @Test func repeatedValueOfAnInstructionWithoutGradient() throws {
    var program = Program()
    var x = program.addInput(try Shape([5, 6]))
    let plain = LayerNormalizationOp(
      by: .deviation, axisCount: 1, epsilon: 1e-2,
      factors: FeatureFactors(hasScale: false, hasCenter: false))
    x = try program.apply(plain, to: [x], layer: "rows")
    x = try PlanTests.normalized(x, &program)
    let matrix = try Variable(name: "matrix", shape: Shape([6, 4]))
    x = try program.apply(MatrixProductOp(units: 4), to: [x], variables: [matrix], layer: "dense")
    program.outputs = [x]
    try ProgramCheck(program).run()
  }

  // MARK: Sums behind batch normalization

  private static func normalized(
    _ x: Program.ValueID, _ program: inout Program, isFrozen: Bool = false
  ) throws -> Program.ValueID {
    let shape = program.shapes[x]
    let channels = try Shape([shape[shape.rank - 1]])
    return try program.apply(
      BatchNormalizationOp(
        axis: shape.rank - 1, momentum: 0.9, epsilon: 1e-3, hasScale: true, hasCenter: true,
        isFrozen: isFrozen),
      to: [x],
      variables: [
        Variable(name: "gamma", shape: channels), Variable(name: "beta", shape: channels),
        Variable(name: "moving_mean", shape: channels, isTrainable: false),
        Variable(name: "moving_variance", shape: channels, isTrainable: false),
      ], layer: "bn")
  }

  private static func convolved(
    _ x: Program.ValueID, _ program: inout Program, stride: Int = 1, filters: Int
  ) throws -> Program.ValueID {
    let shape = program.shapes[x]
    let geometry = ConvolutionGeometry(
      vertical: try #require(
        WindowAxis(input: shape[0], kernel: 3, stride: stride, padding: .same)),
      horizontal: try #require(
        WindowAxis(input: shape[1], kernel: 3, stride: stride, padding: .same)),
      channels: shape[2], filters: filters, groups: 1)
    let kernel = try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
    return try program.apply(
      ConvolutionOp(geometry: geometry), to: [x], variables: [kernel], layer: "conv")
  }

  /// Where the shortcut of a residual block is made, and in which place it is added.
  enum Shortcut: CaseIterable {
    case input, first, last, lastAdded, behindBoth
  }

  private static func block(
    _ x: Program.ValueID, _ program: inout Program, filters: Int, _ shortcut: Shortcut,
    _ activation: Activation = .relu
  ) throws -> Program.ValueID {
    let stride = shortcut == .input ? 1 : 2
    func projected(_ program: inout Program) throws -> Program.ValueID {
      let z = try PlanTests.convolved(x, &program, stride: stride, filters: filters)
      return try PlanTests.normalized(z, &program)
    }
    var other = x
    if shortcut == .first { other = try projected(&program) }
    var y = try PlanTests.convolved(x, &program, stride: stride, filters: filters)
    y = try PlanTests.normalized(y, &program)
    y = try program.apply(ActivationOp(activation), to: [y], layer: "relu")
    y = try PlanTests.convolved(y, &program, filters: filters)
    y = try PlanTests.normalized(y, &program)
    if shortcut == .last || shortcut == .lastAdded { other = try projected(&program) }
    if shortcut == .behindBoth {
      // A fused convolution takes in no addition: the normalization before it does, and moves.
      other = try PlanTests.convolved(x, &program, stride: stride, filters: filters)
      other = try program.apply(ActivationOp(activation), to: [other], layer: "relu")
    }
    y = try program.apply(
      AdditionOp(), to: shortcut == .lastAdded ? [y, other] : [other, y], layer: "add")
    return try program.apply(ActivationOp(activation), to: [y], layer: "relu")
  }

  @Test(arguments: Shortcut.allCases)
  func residualBlocksAreFused(_ shortcut: Shortcut) throws {
    for (channels, activation) in [(3, Activation.relu), (16, .relu), (17, .tanh)] {
      var program = Program()
      let input = program.addInput(try Shape([4, 5, 2]))
      var x = try PlanTests.convolved(input, &program, filters: channels)
      x = try PlanTests.normalized(x, &program)
      x = try program.apply(ActivationOp(activation), to: [x], layer: "relu")
      x = try PlanTests.block(x, &program, filters: channels, shortcut, activation)
      x = try PlanTests.block(x, &program, filters: channels, .input, activation)
      program.outputs = [
        try program.apply(GlobalAverageOp(keepsDimensions: false), to: [x], layer: "mean")
      ]
      let labels = PlanTests.labels(program)
      #expect(!labels.contains("addition") && !labels.contains("activation"))
      #expect(
        labels.filter { $0 == "batch normalization + addition + activation" }.count == 2)
      var check = ProgramCheck(program)
      check.checkedElements = 2
      // Batches of a few numbers, normalized five times one after the other.
      check.tolerance = 1e-4
      try check.run()
    }
  }

  /// Gradients that share memory: sums of the same value, of inputs without gradient, of values
  /// that are read elsewhere too, before and behind the sum.
  @Test func sumsOfManyReaders() throws {
    var program = Program()
    let input = program.addInput(try Shape([3, 5]))
    let shift = try Variable(name: "shift", shape: Shape([5]))
    let x = try program.apply(BiasOp(), to: [input], variables: [shift], layer: "shift")
    let y = try PlanTests.normalized(x, &program)
    let ownInput = try program.apply(AdditionOp(), to: [y, x], layer: "add")
    let z = try PlanTests.normalized(ownInput, &program)
    let withoutGradient = try program.apply(AdditionOp(), to: [z, input], layer: "add")
    let clamped = try program.apply(ActivationOp(.relu), to: [withoutGradient], layer: "relu")
    let twice = try program.apply(AdditionOp(), to: [clamped, clamped], layer: "add")
    let bent = try program.apply(ActivationOp(.tanh), to: [ownInput], layer: "tanh")
    let shiftAgain = try Variable(name: "shift", shape: Shape([5]))
    let moved = try program.apply(
      BiasOp(), to: [bent], variables: [shiftAgain], layer: "shift")
    let three = try program.apply(AdditionOp(), to: [moved, twice, bent], layer: "add")
    let row = try Variable(name: "row", shape: Shape([5]))
    let mean = try program.apply(
      GlobalAverageOp(keepsDimensions: true), to: [three], layer: "mean")
    let movedMean = try program.apply(BiasOp(), to: [mean], variables: [row], layer: "shift")
    let spread = try program.apply(AdditionOp(), to: [movedMean, three], layer: "add")
    program.outputs = [
      try program.apply(ActivationOp(.relu), to: [spread], layer: "relu"), bent, three,
    ]
    for isTraining in [true, false] {
      var check = ProgramCheck(program)
      check.isTraining = isTraining
      check.batch = 6
      check.capacity = 9
      try check.run()
    }
  }

  // MARK: Normalization in the weights

  /// What a normalization is folded into.
  enum Host: CaseIterable {
    case directConvolution, minimalFiltering, groupedConvolution, matrix
  }

  /// A linear operation behind a bias that wants a gradient, then normalization, relu and pooling.
  private static func foldable(
    _ host: Host, hasBias: Bool, hasScale: Bool, hasCenter: Bool, isFrozen: Bool
  ) throws -> Program {
    var program = Program()
    let channels = host == .minimalFiltering ? 24 : 6
    let filters = host == .minimalFiltering ? 33 : 10
    let input = program.addInput(try Shape([7, 8, channels]))
    let shift = try Variable(name: "shift", shape: Shape([channels]))
    var x = try program.apply(BiasOp(), to: [input], variables: [shift], layer: "shift")
    if host == .matrix {
      let matrix = try Variable(name: "matrix", shape: Shape([channels, filters]))
      matrix.isFrozen = isFrozen
      x = try program.apply(
        MatrixProductOp(units: filters), to: [x], variables: [matrix], layer: "dense")
    } else {
      let geometry = ConvolutionGeometry(
        vertical: try #require(WindowAxis(input: 7, kernel: 3, stride: 1, padding: .same)),
        horizontal: try #require(WindowAxis(input: 8, kernel: 3, stride: 1, padding: .same)),
        channels: channels, filters: filters, groups: host == .groupedConvolution ? 2 : 1)
      let kernel = try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
      kernel.isFrozen = isFrozen
      x = try program.apply(
        ConvolutionOp(geometry: geometry), to: [x], variables: [kernel], layer: "conv")
    }
    let shape = try Shape([filters])
    if hasBias {
      let bias = try Variable(name: "bias", shape: shape)
      bias.isFrozen = isFrozen
      x = try program.apply(BiasOp(), to: [x], variables: [bias], layer: "conv")
    }
    var variables: [Variable] = []
    if hasScale { variables.append(try Variable(name: "gamma", shape: shape)) }
    if hasCenter { variables.append(try Variable(name: "beta", shape: shape)) }
    for variable in variables { variable.isFrozen = isFrozen }
    for name in ["moving_mean", "moving_variance"] {
      variables.append(try Variable(name: name, shape: shape, isTrainable: false))
    }
    x = try program.apply(
      BatchNormalizationOp(
        axis: 2, momentum: 0.9, epsilon: 1e-3, hasScale: hasScale, hasCenter: hasCenter,
        isFrozen: isFrozen),
      to: [x], variables: variables, layer: "bn")
    x = try program.apply(ActivationOp(.relu), to: [x], layer: "relu")
    x = try program.apply(PlanTests.pooling((7, 8), filters), to: [x], layer: "pool")
    program.outputs = [x]
    return program
  }

  @Test(arguments: Host.allCases)
  func movingAveragesAreFolded(_ host: Host) throws {
    for (hasBias, hasScale, hasCenter) in [
      (false, true, true), (true, true, true), (false, false, true), (true, true, false),
      (false, false, false),
    ] {
      for isFrozen in [false, true] {
        let program = try PlanTests.foldable(
          host, hasBias: hasBias, hasScale: hasScale, hasCenter: hasCenter, isFrozen: isFrozen)
        let linear =
          (host == .matrix ? "matrix product" : "convolution") + (hasBias ? " + bias" : "")
        let pools = host == .matrix ? ["max pooling"] : []
        let folded =
          [
            "bias",
            linear + " + batch normalization + activation"
              + (host == .matrix ? "" : " + max pooling"),
          ] + pools
        #expect(
          PlanTests.labels(program, isTraining: false, computesGradients: false) == folded)
        // Not where the batch is normalized, nor where γ, β or the weights want a gradient.
        #expect(
          PlanTests.labels(program)
            == (isFrozen
              ? folded : ["bias", linear, "batch normalization + activation", "max pooling"]))
        var check = ProgramCheck(program)
        check.checkedElements = 4
        try check.run()
      }
    }
  }

  /// A weight, or a moving average, that changes between two predictions.
  @Test(arguments: Host.allCases)
  func foldedWeightsFollowTheVariables(_ host: Host) throws {
    let program = try PlanTests.foldable(
      host, hasBias: true, hasScale: true, hasCenter: true, isFrozen: false)
    for variable in program.variables {
      variable.mutableValues().update(repeating: 0.5, count: variable.count)
    }
    func predict(_ plan: Plan) throws -> [Float] {
      let size = program.shapes[program.outputs[0]].count
      let memory = try Buffer(floatCount: size)
      let input = program.shapes[program.inputs[0]]
      try [Float](repeating: 0.25, count: input.count).withUnsafeBytes { bytes in
        let feed = Feed()
        feed.inputs = [
          ArrayView(
            data: bytes.baseAddress!, elementType: .float32, extents: [1] + input.extents)
        ]
        feed.predictions = [memory.floats]
        try plan.run(feed, count: 1, step: 0)
      }
      return (0..<size).map { memory.floats[$0] }
    }
    let plan = try Plan(program, capacity: 1, isTraining: false)
    var before = try predict(plan)
    for variable in program.variables {
      variable.mutableValues()[variable.count - 1] = 0.75
      let after = try predict(plan)
      #expect(after != before, "\(variable.name)")
      #expect(after == (try predict(Plan(program, capacity: 1, isTraining: false))))
      before = after
    }
  }

  /// Only the last axis is the channels of weights, and only what comes right behind them.
  @Test func whatDoesNotFold() throws {
    for (axis, reads) in [(0, 1), (1, 1), (2, 2)] {
      var program = Program()
      let x = program.addInput(try Shape([4, 4, 4]))
      let y = try PlanTests.convolved(x, &program, filters: 4)
      let channels = try Shape([4])
      let z = try program.apply(
        BatchNormalizationOp(
          axis: axis, momentum: 0.9, epsilon: 1e-3, hasScale: false, hasCenter: false,
          isFrozen: false),
        to: [y],
        variables: [
          Variable(name: "moving_mean", shape: channels, isTrainable: false),
          Variable(name: "moving_variance", shape: channels, isTrainable: false),
        ], layer: "bn")
      program.outputs = reads == 1 ? [z] : [z, y]
      #expect(
        PlanTests.labels(program, isTraining: false, computesGradients: false)
          == ["convolution", "batch normalization"])
      try ProgramCheck(program).run()
    }
  }

  /// What a normalization gives is worked out again for those that read it in the backward pass: for
  /// two of them, and through a chain of normalizations.
  @Test func normalizedValuesAreWorkedOutAgain() throws {
    var program = Program()
    func normalized(_ x: Program.ValueID, _ layer: String) throws -> Program.ValueID {
      let shape = try Shape([3])
      let variables = try ["gamma", "beta", "moving_mean", "moving_variance"].map {
        try Variable(name: $0, shape: shape, isTrainable: !$0.hasPrefix("moving"))
      }
      return try program.apply(
        BatchNormalizationOp(
          axis: 2, momentum: 0.9, epsilon: 1e-3, hasScale: true, hasCenter: true, isFrozen: false),
        to: [x], variables: variables, layer: layer)
    }
    func convolved(_ x: Program.ValueID, _ layer: String) throws -> Program.ValueID {
      let (convolution, kernel) = try PlanTests.convolution((6, 5), 3, 3)
      return try program.apply(convolution, to: [x], variables: [kernel], layer: layer)
    }
    let input = program.addInput(try Shape([6, 5, 3]))
    let shift = try Variable(name: "shift", shape: Shape([3]))
    let start = try program.apply(BiasOp(), to: [input], variables: [shift], layer: "shift")
    let first = try normalized(start, "first")
    let second = try program.apply(
      ActivationOp(.relu), to: [normalized(first, "second")], layer: "second")
    let sum = try program.apply(
      AdditionOp(), to: [convolved(second, "left"), convolved(second, "right")], layer: "sum")
    program.outputs = [sum, try convolved(first, "direct")]
    try ProgramCheck(program).run()

    var names = StageClock.Names()
    names.inputs = ["x"]
    names.outputs = ["sum", "direct"]
    names.losses = ["mse", "mse"]
    let clock = StageClock(names)
    _ = try Plan(
      program, capacity: 4, isTraining: true,
      heads: [0, 1].map {
        LossHead(
          output: $0, lossInput: program.outputs[$0], loss: LossTerm(.meanSquaredError), weight: 1,
          metrics: [])
      }, computesGradients: true, clock: clock)
    let again = clock.rows.filter { $0.operation.hasSuffix(", again") }
    #expect(again.map(\.layer) == ["first", "second"])
  }

  @Test func sharedMatrixAndSeveralInputs() throws {
    var program = Program()
    let a = program.addInput(try Shape([6]))
    let b = program.addInput(try Shape([6]))
    let matrix = try Variable(name: "matrix", shape: Shape([6, 3]))
    let left = try program.apply(
      MatrixProductOp(units: 3), to: [a], variables: [matrix], layer: "dense")
    let right = try program.apply(
      MatrixProductOp(units: 3), to: [b], variables: [matrix], layer: "dense")
    let joined = try program.apply(ConcatenationOp(axis: 0), to: [left, right], layer: "join")
    let dropped = try program.apply(DropoutOp(rate: 0.4, seed: 9), to: [joined], layer: "drop")
    program.outputs = [try program.apply(SoftmaxOp(axis: 0), to: [dropped], layer: "softmax")]
    try ProgramCheck(program).run()
  }

  @Test func wholeBatchAsOneGroup() throws {
    var check = ProgramCheck(try PlanTests.chain(.tanh))
    check.groupWork = Plan.leastGroupWork
    try check.run()
  }

  @Test func frozenVariablesHaveNoGradient() throws {
    let program = try PlanTests.chain(.relu)
    let frozen = program.variables[0]
    frozen.isFrozen = true
    let plan = try Plan(
      program, capacity: 4, isTraining: true,
      heads: [
        LossHead(
          output: 0, lossInput: program.outputs[0], loss: LossTerm(.meanSquaredError), weight: 1,
          metrics: [])
      ], computesGradients: true)
    // Those of batch stages stand first.
    #expect(plan.trainedVariables.map(\.name) == ["matrix", "shift", "bias"])
    try ProgramCheck(program).run()
  }

  /// What a sample's prediction is does not depend on the batch it comes in.
  @Test func predictionsDoNotDependOnTheBatch() throws {
    let program = try PlanTests.chain(.tanh)
    var numbers = SeededGenerator(seed: 3)
    for variable in program.variables {
      variable.mutableValues().update(from: numbers.floats(variable.count), count: variable.count)
    }
    let x = numbers.floats(40 * 144)
    func predict(capacity: Int) throws -> [Float] {
      let plan = try Plan(program, capacity: capacity, isTraining: false)
      let memory = try Buffer(floatCount: 40 * 7)
      try x.withUnsafeBytes { bytes in
        let feed = Feed()
        feed.inputs = [
          ArrayView(data: bytes.baseAddress!, elementType: .float32, extents: [40, 9, 8, 2])
        ]
        feed.predictions = [memory.floats]
        for first in stride(from: 0, to: 40, by: capacity) {
          feed.first = first
          try plan.run(feed, count: min(capacity, 40 - first), step: 0)
        }
      }
      return (0..<(40 * 7)).map { memory.floats[$0] }
    }
    let one = try predict(capacity: 1)
    for capacity in [2, 7, 32, 40] { #expect(try predict(capacity: capacity) == one) }
  }

  @Test func sizesBeyondAllMemoryAreRefused() throws {
    var program = Program()
    let x = program.addInput(try Shape([1]))
    let y = program.addInput(try Shape([Shape.largestCount]))
    program.outputs = [x, y]
    #expect(
      throws: MartletError(
        .outOfMemory,
        "no memory for batches of \(1 << 30) samples of \(1 + Shape.largestCount) numbers each; use "
          + "a smaller batch_size")
    ) { try Plan(program, capacity: 1 << 30, isTraining: false) }
  }

  @Test func farReachingDilationIsRefused() throws {
    let axis = try #require(
      WindowAxis(input: 2, kernel: 3, stride: 1, dilation: 1 << 24, padding: .same))
    let geometry = ConvolutionGeometry(
      vertical: axis, horizontal: axis, channels: 1, filters: 1, groups: 1)
    var program = Program()
    let x = program.addInput(try Shape([2, 2, 1]))
    #expect(throws: MartletError.self) {
      try program.apply(ConvolutionOp(geometry: geometry), to: [x], layer: "conv")
    }
  }
}
