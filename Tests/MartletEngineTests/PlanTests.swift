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

  @Test(arguments: [
    Activation.linear, .relu, .leakyRelu(slope: 0.1), .elu(alpha: 1), .sigmoid, .tanh,
  ])
  func fusedChain(_ activation: Activation) throws {
    let program = try PlanTests.chain(activation)
    #expect(program.fused().instructions.count == 3)
    for kernels in KernelSelection.available {
      var check = ProgramCheck(program)
      check.kernels = kernels
      try check.run()
    }
  }

  @Test func whatIsReadTwiceDoesNotFuse() throws {
    var program = Program()
    let x = program.addInput(try Shape([6, 6, 2]))
    let (convolution, kernel) = try PlanTests.convolution((6, 6), 2, 4)
    let y = try program.apply(convolution, to: [x], variables: [kernel], layer: "conv")
    let z = try program.apply(ActivationOp(.relu), to: [y], layer: "relu")
    program.outputs = [try program.apply(AdditionOp(), to: [y, z], layer: "add")]
    #expect(program.fused().instructions.count == 3)
    try ProgramCheck(program).run()
    program.outputs = [z, y]
    #expect(program.fused().instructions.count == 3)
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

  @Test func frozenVariablesHaveNoGradient() throws {
    let program = try PlanTests.chain(.relu)
    let frozen = program.variables[0]
    frozen.isFrozen = true
    let plan = try Plan(
      program, capacity: 4, isTraining: true,
      heads: [
        LossHead(
          output: 0, lossInput: program.outputs[0], function: .meanSquaredError, weight: 1,
          metrics: [])
      ], computesGradients: true)
    #expect(plan.trainedVariables.map(\.name) == ["bias", "matrix", "shift"])
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
