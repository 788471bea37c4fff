import MartletOps
import MartletTensors
import MartletTestSupport
import Testing

struct TranspositionFusionTests {
  private let last = TranspositionOp(order: [1, 2, 0])

  private func labels(_ program: Program) -> [String] {
    program.fused(isTraining: true, computesGradients: true).instructions.map(\.operation.label)
  }

  private func normalized(
    _ value: Program.ValueID, axis: Int, _ channels: Int, into program: inout Program
  ) throws -> Program.ValueID {
    let shape = try Shape([channels])
    return try program.apply(
      BatchNormalizationOp(
        axis: axis, momentum: 0.9, epsilon: 1e-3, hasScale: true, hasCenter: true, isFrozen: false),
      to: [value],
      variables: [
        Variable(name: "gamma", shape: shape), Variable(name: "beta", shape: shape),
        Variable(name: "moving_mean", shape: shape, isTrainable: false),
        Variable(name: "moving_variance", shape: shape, isTrainable: false),
      ], layer: "normalization")
  }

  private func pooled(
    _ value: Program.ValueID, into program: inout Program
  ) throws -> Program.ValueID {
    let shape = program.shapes[value]
    let geometry = PoolingGeometry(
      vertical: try #require(WindowAxis(input: shape[1], kernel: 2, stride: 2, padding: .same)),
      horizontal: try #require(WindowAxis(input: shape[2], kernel: 2, stride: 2, padding: .same)),
      channels: shape[0])
    var value = try program.apply(last, to: [value], layer: "pooling")
    value = try program.apply(AveragePoolingOp(geometry: geometry), to: [value], layer: "pooling")
    return try program.apply(last.inverse, to: [value], layer: "pooling")
  }

  /// A residual block with channels first: what stands between the poolings meets no transposition.
  @Test func whatIsBetweenRunsWithChannelsLast() throws {
    var program = Program()
    let input = program.addInput(try Shape([3, 6, 7]))
    let first = try pooled(input, into: &program)
    var value = try normalized(first, axis: 0, 3, into: &program)
    value = try program.apply(ActivationOp(.tanh), to: [value], layer: "activation")
    value = try program.apply(AdditionOp(), to: [value, first], layer: "sum")
    value = try program.apply(ConcatenationOp(axis: 0), to: [value, first], layer: "both")
    value = try program.apply(ScaleOffsetOp(scale: 2, offset: 1), to: [value], layer: "scale")
    program.outputs = [try pooled(value, into: &program)]
    #expect(
      labels(program) == [
        "transposition", "average pooling", "batch normalization + activation", "addition",
        "concatenation", "rescaling", "average pooling", "transposition",
      ])
    try ProgramCheck(program).run()
  }

  /// Values that something else reads, or that are outputs, are there all the same.
  @Test func valuesThatAreReadStay() throws {
    var program = Program()
    let input = program.addInput(try Shape([2, 4, 5]))
    let bias = try Variable(name: "bias", shape: Shape([5]))
    let shifted = try program.apply(BiasOp(), to: [input], variables: [bias], layer: "bias")
    let turned = try program.apply(last, to: [shifted], layer: "turn")
    let back = try program.apply(last.inverse, to: [turned], layer: "back")
    let flat = try program.apply(ReshapeOp(shape: Shape([40])), to: [turned], layer: "flat")
    let active = try program.apply(ActivationOp(.tanh), to: [turned], layer: "activation")
    program.outputs = [back, flat, active]
    program.activityPenalties = [(back, Penalty(l1: 0.1, l2: 0.2))]
    try ProgramCheck(program).run()
  }

  /// What a layer with channels first gives may be penalized without being made.
  @Test func penaltiesNeedNoTransposition() throws {
    var program = Program()
    let input = program.addInput(try Shape([2, 4, 5]))
    let bias = try Variable(name: "bias", shape: Shape([5]))
    let shifted = try program.apply(BiasOp(), to: [input], variables: [bias], layer: "bias")
    let turned = try program.apply(last.inverse, to: [shifted], layer: "turn")
    program.activityPenalties = [(turned, Penalty(l1: 0.1, l2: 0.2))]
    let back = try program.apply(last, to: [turned], layer: "back")
    program.outputs = [
      try program.apply(ReshapeOp(shape: Shape([40])), to: [back], layer: "flat")
    ]
    #expect(labels(program) == ["bias", "reshape"])
    try ProgramCheck(program).run()
  }

  /// Two that do not cancel are one.
  @Test func neighboursAreJoined() throws {
    var program = Program()
    let input = program.addInput(try Shape([2, 4, 5]))
    let bias = try Variable(name: "bias", shape: Shape([5]))
    var value = try program.apply(BiasOp(), to: [input], variables: [bias], layer: "bias")
    for _ in 0..<2 { value = try program.apply(last, to: [value], layer: "turn") }
    program.outputs = [value]
    #expect(labels(program) == ["bias", "transposition"])
    try ProgramCheck(program).run()
    program.outputs = [try program.apply(last, to: [value], layer: "turn")]
    try ProgramCheck(program).run()
  }

  @Test func ordersThatDoNotFit() throws {
    #expect(
      throws: MartletError.invalidArgument(
        "the axes of an input of shape (None, 4, 5) cannot be put in the order (2, 3, 1)")
    ) { try last.outputShape(of: [Shape([4, 5])]) }
  }
}
