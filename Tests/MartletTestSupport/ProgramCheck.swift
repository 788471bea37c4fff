import MartletDispatch
import MartletEngine
import MartletKernelTable
import MartletKernels
import MartletOps
import MartletTensors
import Testing

/// Runs a program through the engine and through the plain twins of its operations in double
/// precision, and compares: predictions, losses, and the gradient of every variable, and outside
/// training of every input, against central differences of the twins.
///
/// The twins see the program as it was lowered, the engine fuses it: so this also shows that fusion
/// changes nothing. Inputs have no gradient in training; `withInputGradient` puts a bias in front
/// of an operation, whose gradient is the sum of the input's over the samples.
package struct ProgramCheck {
  package var program: Program
  package var batch = 3
  package var capacity = 5
  package var isTraining = true
  package var step: UInt64 = 7
  package var seed: UInt64 = 1
  /// The instruction-set levels to run on; what the twins say is worked out once for all of them.
  package var levels = KernelSelection.available
  package var precision = ProductPrecision.float32
  /// Multiply-adds per group of samples: as little as can be, so that small programs have groups, too.
  package var groupWork = 1
  /// Half the distance of central differences. In double precision their error is about h² + 1e-16 / h, so
  /// 1e-9 at most; what is worked out in floats wants a larger one.
  package var h = 1e-6
  /// Relative to the greatest magnitude of the compared tensor, with a floor of 1: a chain of n
  /// float32 additions errs by some √n · 6e-8, and the sums here have up to a few thousand terms.
  package var tolerance = 2e-5
  /// Of gradients of inputs; `nil`: the same.
  package var inputGradientTolerance: Double?
  /// Elements of each variable whose gradient is checked.
  package var checkedElements = 24

  package init(_ program: Program) { self.program = program }

  /// A program of one operation on random inputs, each behind a bias.
  package static func withInputGradient(
    _ operation: some Operation, inputs: [Shape], variables: [Variable] = []
  ) throws -> Program {
    var program = Program()
    var values: [Program.ValueID] = []
    for shape in inputs {
      let flat = try Shape([shape.count])
      let input = program.addInput(flat)
      let bias = try Variable(name: "shift", shape: flat)
      let shifted = try program.apply(BiasOp(), to: [input], variables: [bias], layer: "shift")
      values.append(try program.apply(ReshapeOp(shape: shape), to: [shifted], layer: "shape"))
    }
    program.outputs = [
      try program.apply(operation, to: values, variables: variables, layer: "tested")
    ]
    return program
  }

  package func run(sourceLocation: SourceLocation = #_sourceLocation) throws {
    var numbers = SeededGenerator(seed: seed)
    let variables = program.variables.map { variable in
      numbers.floats(variable.count).map { number in
        // Moving variances must not be negative.
        variable.name == "moving_variance" ? 0.5 + abs(number) : number * 0.7
      }
    }
    let inputs = program.inputs.map { id in numbers.floats(batch * program.shapes[id].count) }
    let targets = program.outputs.map { numbers.floats(batch * program.shapes[$0].count) }
    let expected = expected(inputs, targets, variables.map(\.doubles))

    checkFusedTwins(inputs, variables.map(\.doubles), sourceLocation)
    for kernels in levels {
      // Training moves moving averages.
      for (variable, values) in zip(program.variables, variables) {
        variable.mutableValues().update(from: values, count: values.count)
      }
      try checkPrediction(kernels, inputs, expected, sourceLocation)
      try checkInputGradients(kernels, inputs, targets, expected, sourceLocation)
      try checkTraining(kernels, inputs, targets, expected, sourceLocation)
    }
  }

  // MARK: What the twins say

  private struct Expected {
    /// One for each output, outside of training.
    var predictions: [[Double]]
    /// Of training.
    var loss: Double
    /// Of the loss, at the checked elements of each variable of the program; none where there is no gradient.
    var gradients: [[Double]]
    /// Of Σ target · prediction, at the checked elements of each input.
    var inputGradients: [[Double]]
  }

  private func expected(
    _ inputs: [[Float]], _ targets: [[Float]], _ variables: [[Double]]
  ) -> Expected {
    let exact = inputs.map(\.doubles)
    func sum(_ inputs: [[Double]]) -> Double {
      let outputs = reference(program, inputs, variables, isTraining: false)
      return zip(outputs.joined(), targets.joined()).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
    return Expected(
      predictions: reference(program, exact, variables, isTraining: false),
      loss: loss(inputs, targets, variables),
      gradients: program.variables.enumerated().map { position, variable in
        guard variable.receivesGradient else { return [] }
        return checked(variable.count).map { element in
          difference(variables, position, element) { loss(inputs, targets, $0) }
        }
      },
      inputGradients: inputs.enumerated().map { position, input in
        checked(input.count, ofInput: true).map { difference(exact, position, $0, sum) }
      })
  }

  /// The elements whose gradient is checked; fewer of inputs, which are larger.
  private func checked(_ count: Int, ofInput: Bool = false) -> [Int] {
    Array(stride(from: 0, to: count, by: max(1, (ofInput ? 3 : 1) * count / checkedElements)))
  }

  /// The twins of fused operations say what those of their parts say one after the other.
  private func checkFusedTwins(
    _ inputs: [[Float]], _ variables: [[Double]], _ location: SourceLocation
  ) {
    // Random numbers count instructions.
    let isRandom = program.instructions.contains { instruction in
      let operation = instruction.operation
      return operation is DropoutOp || operation is SharedDropoutOp || operation is NoiseOp
        || operation is RandomMotionOp || operation is RandomColorOp
    }
    guard !isRandom else { return }
    for (isTraining, computesGradients) in [(isTraining, true), (false, false)] {
      let fused = program.fused(isTraining: isTraining, computesGradients: computesGradients)
      guard fused.instructions.count < program.instructions.count else { continue }
      let exact = inputs.map(\.doubles)
      let expected = reference(program, exact, variables, isTraining: isTraining)
      let found = reference(fused, exact, variables, isTraining: isTraining)
      for output in found.indices {
        compare(
          found[output], expected[output], "fused twin of output \(output)", 1e-12, location)
      }
    }
  }

  // MARK: Prediction

  private func checkPrediction(
    _ kernels: Kernels, _ inputs: [[Float]], _ expected: Expected, _ location: SourceLocation
  ) throws {
    let plan = try Plan(
      program, capacity: capacity, isTraining: false, groupWork: groupWork, kernels: kernels,
      precision: precision)
    let feed = Feed()
    let memory = try program.outputs.map {
      try Buffer(floatCount: batch * program.shapes[$0].count)
    }
    feed.predictions = memory.map(\.floats)
    try withViews(inputs, ids: program.inputs) { views in
      feed.inputs = views
      try plan.run(feed, count: batch, step: step)
    }
    for (output, values) in expected.predictions.enumerated() {
      let found = values.indices.map { Double(memory[output].floats[$0]) }
      compare(found, values, "prediction \(output) on \(kernels.name)", tolerance, location)
    }
  }

  // MARK: Training

  private func checkTraining(
    _ kernels: Kernels, _ inputs: [[Float]], _ targets: [[Float]], _ expected: Expected,
    _ location: SourceLocation
  ) throws {
    let heads = program.outputs.enumerated().map { index, value in
      LossHead(
        output: index, lossInput: value, loss: LossTerm(.meanSquaredError), weight: 1, metrics: [])
    }
    let plan = try Plan(
      program, capacity: capacity, isTraining: isTraining, heads: heads, computesGradients: true,
      groupWork: groupWork, kernels: kernels, precision: precision)
    let feed = Feed()
    feed.sampleWeights = program.outputs.map { _ in nil }
    try withViews(inputs, ids: program.inputs) { views in
      feed.inputs = views
      try withViews(targets, ids: program.outputs) { targetViews in
        feed.targets = targetViews
        // Twice: the second run must not see anything of the first.
        for _ in 0..<2 { try plan.run(feed, count: batch, step: step) }
        plan.finish(feed, count: batch, step: step) { _, _, _ in }
      }
    }
    var found = 0.0
    for row in heads.indices {
      for sample in 0..<batch { found += Double(plan.losses[row * capacity + sample]) }
    }
    found = found / Double(batch) + plan.penalty(count: batch)
    compare([found], [expected.loss], "loss on \(kernels.name)", tolerance, location)

    let all = program.variables
    for (index, variable) in plan.trainedVariables.enumerated() {
      guard let position = all.firstIndex(where: { $0 === variable }) else { continue }
      let gradient = plan.gradients + plan.gradientOffsets[index]
      compare(
        checked(variable.count).map { Double(gradient[$0]) }, expected.gradients[position],
        "gradient of \(variable.name) on \(kernels.name)", tolerance, location)
    }
  }

  // MARK: Gradients of inputs

  /// Of Σ factor · output.
  private func checkInputGradients(
    _ kernels: Kernels, _ inputs: [[Float]], _ factors: [[Float]], _ expected: Expected,
    _ location: SourceLocation
  ) throws {
    let plan = try Plan(
      program.outsideTraining, capacity: capacity, isTraining: true, givesInputGradients: true,
      groupWork: groupWork, kernels: kernels, precision: precision)
    let feed = Feed()
    let memory = try inputs.map { try Buffer(floatCount: $0.count) }
    feed.inputGradients = memory.map(\.floats)
    try withViews(inputs, ids: program.inputs) { views in
      feed.inputs = views
      try withViews(factors, ids: program.outputs) { factorViews in
        feed.outputGradients = factorViews
        for _ in 0..<2 { try plan.run(feed, count: batch, step: step) }
      }
    }
    for (position, input) in inputs.enumerated() {
      let found = checked(input.count, ofInput: true).map {
        Double(memory[position].floats[$0])
      }
      compare(
        found, expected.inputGradients[position],
        "gradient of input \(position) on \(kernels.name)", inputGradientTolerance ?? tolerance,
        location)
    }
  }

  // MARK: Twins

  private func difference(
    _ values: [[Double]], _ position: Int, _ element: Int, _ f: ([[Double]]) -> Double
  ) -> Double {
    var changed = values
    changed[position][element] += h
    let above = f(changed)
    changed[position][element] -= 2 * h
    return (above - f(changed)) / (2 * h)
  }

  private func loss(_ inputs: [[Float]], _ targets: [[Float]], _ variables: [[Double]]) -> Double {
    let values = values(
      program, inputs.map(\.doubles), variables, isTraining: isTraining)
    let ofOutputs = zip(program.outputs, targets).reduce(0.0) { sum, pair in
      let (output, target) = (values[pair.0], pair.1)
      var squares = 0.0
      for index in output.indices {
        let distance = output[index] - Double(target[index])
        squares += distance * distance
      }
      return sum + squares / Double(output.count)
    }
    let ofWeights = zip(program.variables, variables).reduce(0.0) { sum, pair in
      guard let penalty = pair.0.penalty, pair.0.receivesGradient else { return sum }
      return sum + penalty.plain(pair.1)
    }
    return program.activityPenalties.reduce(ofOutputs + ofWeights) {
      $0 + $1.penalty.plain(values[$1.value]) / Double(batch)
    }
  }

  private func reference(
    _ program: Program, _ inputs: [[Double]], _ variables: [[Double]], isTraining: Bool
  ) -> [[Double]] {
    let values = values(program, inputs, variables, isTraining: isTraining)
    return program.outputs.map { values[$0] }
  }

  /// All values of a program by the plain twins, with values for the variables of the checked one.
  private func values(
    _ program: Program, _ inputs: [[Double]], _ variables: [[Double]], isTraining: Bool
  ) -> [[Double]] {
    let all = self.program.variables
    var values = [[Double]](repeating: [], count: program.shapes.count)
    for (id, input) in zip(program.inputs, inputs) { values[id] = input }
    for (index, instruction) in program.instructions.enumerated() {
      let operation = instruction.operation
      if operation.isIdentity(isTraining: isTraining) {
        values[instruction.output] = values[instruction.inputs[0]]
        continue
      }
      values[instruction.output] = operation.reference(
        instruction.inputs.map { values[$0] },
        variables: instruction.variables.map { variable in
          all.firstIndex { $0 === variable }.map { variables[$0] } ?? []
        },
        setting: ReferenceSetting(
          inputShapes: instruction.inputs.map { program.shapes[$0] },
          outputShape: program.shapes[instruction.output], batch: batch, isTraining: isTraining,
          step: step, index: index))
    }
    return values
  }

  private func withViews(
    _ arrays: [[Float]], ids: [Program.ValueID], _ body: ([ArrayView]) throws -> Void
  ) throws {
    let memory = try arrays.map { array in
      let buffer = try Buffer(floatCount: array.count)
      buffer.floats.update(from: array, count: array.count)
      return buffer
    }
    try withExtendedLifetime(memory) {
      try body(
        zip(memory, ids).map { buffer, id in
          ArrayView(
            data: buffer.bytes, elementType: .float32,
            extents: [batch] + program.shapes[id].extents)
        })
    }
  }

  private func compare(
    _ found: [Double], _ expected: [Double], _ what: String, _ tolerance: Double,
    _ location: SourceLocation
  ) {
    #expect(found.count == expected.count, "\(what)", sourceLocation: location)
    guard found.count == expected.count else { return }
    let scale = max(1, expected.map(abs).max() ?? 0)
    var worst = (error: 0.0, index: 0)
    for index in found.indices {
      let error = abs(found[index] - expected[index]) / scale
      if !(error <= worst.error) { worst = (error, index) }
    }
    #expect(
      worst.error <= tolerance,
      """
      \(what), seed \(seed): worst error \(worst.error) at \(worst.index), \
      found \(found[worst.index]), expected \(expected[worst.index])
      """, sourceLocation: location)
  }
}

extension Penalty {
  fileprivate func plain(_ x: [Double]) -> Double {
    PlainPenalty.value(x, l1: Double(l1), l2: Double(l2))
  }
}
