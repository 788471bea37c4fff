import MartletEngine
import MartletOps
import MartletTensors
import MartletTestSupport
import Testing

/// Plans that time their stages.
@Suite struct StageClockTests {
  /// Convolution and bias, which fuse, batch normalization, dropout, and two dense layers that share
  /// their matrix.
  private static func program() throws -> Program {
    let axis = try #require(WindowAxis(input: 6, kernel: 3, stride: 1, padding: .same))
    var program = Program()
    var x = program.addInput(try Shape([6, 6, 2]))
    x = try program.apply(
      ConvolutionOp(
        geometry: ConvolutionGeometry(
          vertical: axis, horizontal: axis, channels: 2, filters: 3, groups: 1)),
      to: [x], variables: [Variable(name: "kernel", shape: Shape([3, 3, 2, 3]))], layer: "conv")
    let channels = try Shape([3])
    x = try program.apply(
      BiasOp(), to: [x], variables: [Variable(name: "bias", shape: channels)], layer: "conv")
    x = try program.apply(
      BatchNormalizationOp(
        axis: 2, momentum: 0.9, epsilon: 1e-3, hasScale: true, hasCenter: true, isFrozen: false),
      to: [x],
      variables: [
        Variable(name: "gamma", shape: channels), Variable(name: "beta", shape: channels),
        Variable(name: "moving_mean", shape: channels, isTrainable: false),
        Variable(name: "moving_variance", shape: channels, isTrainable: false),
      ], layer: "bn")
    x = try program.apply(DropoutOp(rate: 0.4, seed: 3), to: [x], layer: "drop")
    x = try program.apply(ReshapeOp(shape: Shape([108])), to: [x], layer: "flat")
    let matrix = try Variable(name: "matrix", shape: Shape([108, 108]))
    for _ in 0..<2 {
      x = try program.apply(
        MatrixProductOp(units: 108), to: [x], variables: [matrix], layer: "dense")
    }
    program.outputs = [x]
    var numbers = SeededGenerator(seed: 5)
    for variable in program.variables {
      let values = variable.mutableValues()
      for (index, number) in numbers.floats(variable.count).enumerated() {
        values[index] = 0.1 * number + (variable.name == "moving_variance" ? 1 : 0)
      }
    }
    return program
  }

  private static var names: StageClock.Names {
    var names = StageClock.Names()
    (names.inputs, names.outputs, names.losses) = (["x"], ["dense"], ["mse"])
    (names.optimizer, names.slotCount) = ("SGD", 1)
    return names
  }

  /// Everything a step computes: losses, gradients and moving averages.
  private func step(_ clock: StageClock?) throws -> [Float] {
    let program = try StageClockTests.program()
    let head = LossHead(
      output: 0, lossInput: program.outputs[0], loss: LossTerm(.meanSquaredError), weight: 1,
      metrics: [])
    let plan = try Plan(
      program, capacity: 20, isTraining: true, heads: [head], computesGradients: true, clock: clock)
    var numbers = SeededGenerator(seed: 9)
    let x = numbers.floats(20 * 72)
    let y = numbers.floats(20 * 108)
    return try x.withUnsafeBytes { x in
      try y.withUnsafeBytes { y in
        let feed = Feed()
        feed.inputs = [
          ArrayView(data: x.baseAddress!, elementType: .float32, extents: [20, 6, 6, 2])
        ]
        feed.targets = [
          ArrayView(data: y.baseAddress!, elementType: .float32, extents: [20, 108])
        ]
        feed.sampleWeights = [nil]
        try plan.run(feed, count: 20, step: 1)
        plan.finish(feed, count: 20, step: 1) { _, _, _ in }
        let gradientCount = plan.trainedVariables.reduce(0) { $0 + $1.count }
        return (0..<20).map { plan.losses[$0] } + (0..<gradientCount).map { plan.gradients[$0] }
          + program.variables.flatMap { variable in
            (0..<variable.count).map { variable.values[$0] }
          }
      }
    }
  }

  @Test func timingChangesNoBit() throws {
    let clock = StageClock(StageClockTests.names)
    let timed = try step(clock)
    #expect(timed == (try step(nil)))
    #expect(clock.takeTimes().allSatisfy { $0 > 0 })
    #expect(clock.takeTimes().allSatisfy { $0 == 0 })
  }

  @Test func rowsStandInTheOrderOfExecution() throws {
    let clock = StageClock(StageClockTests.names)
    _ = try step(clock)
    let rows = clock.rows.map { [$0.pass.rawValue, $0.layer, $0.operation] }
    #expect(
      rows == [
        ["prepare", "conv", "convolution + bias"],
        ["prepare", "dense", "matrix product"], ["prepare", "dense", "matrix product"],
        ["prepare", "", "clear gradients"],
        ["forward", "x", "gather"], ["forward", "conv", "convolution + bias"],
        ["forward", "bn", "batch normalization"], ["forward", "drop", "dropout"],
        ["forward", "dense", "matrix product"], ["forward", "dense", "matrix product"],
        ["loss", "dense", "mse"],
        ["backward", "dense", "matrix product"], ["backward", "dense", "matrix product"],
        ["backward", "drop", "dropout"], ["backward", "bn", "batch normalization"],
        ["backward", "conv", "convolution + bias"],
        ["backward", "dense", "gradients of variables"],
        ["backward", "dense", "gradients of variables"],
        ["update", "bn", "batch normalization"],
        ["update", "conv", "SGD"], ["update", "bn", "SGD"], ["update", "dense", "SGD"],
      ])
  }

  @Test func rowsKnowTheirWork() throws {
    let clock = StageClock(StageClockTests.names)
    _ = try step(clock)
    func row(_ pass: StageClock.Pass, _ layer: String) throws -> StageClock.Row {
      try #require(clock.rows.first { $0.pass == pass && $0.layer == layer })
    }
    let convolution = 6 * 6 * 3 * (3 * 3 * 2)
    #expect(try row(.forward, "conv").multiplyAdds(count: 20) == 20 * convolution)
    // The input has no gradient, so the backward pass is that of the kernel alone.
    #expect(try row(.backward, "conv").multiplyAdds(count: 20) == 20 * convolution)
    #expect(try row(.forward, "dense").multiplyAdds(count: 20) == 20 * 108 * 108)
    // The gradient of the input; that of the matrix has a row of its own.
    #expect(try row(.backward, "dense").multiplyAdds(count: 20) == 20 * 108 * 108)
    let gradients = try #require(clock.rows.first { $0.operation == "gradients of variables" })
    #expect(gradients.multiplyAdds(count: 20) == 20 * 108 * 108)
    #expect(
      try row(.forward, "dense").bytes(count: 20) == 4 * (20 * (108 + 108) + 108 * 108))
    // Gradient, weight twice, one slot twice.
    #expect(try row(.update, "dense").bytes(count: 20) == 4 * 5 * 108 * 108)
    #expect(try row(.forward, "drop").multiplyAdds(count: 20) == 0)
    #expect(try row(.forward, "drop").bytes(count: 20) == 4 * 20 * 2 * 108)
  }
}
