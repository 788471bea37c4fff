import MartletTensors

/// What a model computes, as a list of primitive operations on numbered values in an order in which
/// every value is made before it is used. Layers lower to this; the engine fuses and plans it.
package struct Program {
  package typealias ValueID = Int

  package struct Instruction {
    package var operation: any Operation
    package var inputs: [ValueID]
    package var variables: [Variable]
    package var output: ValueID
    /// The layer that asked for it, for errors and profiles.
    package var layer: String

    package init(
      operation: any Operation, inputs: [ValueID], variables: [Variable], output: ValueID,
      layer: String
    ) {
      self.operation = operation
      self.inputs = inputs
      self.variables = variables
      self.output = output
      self.layer = layer
    }
  }

  /// Shape of one sample of each value.
  package internal(set) var shapes: [Shape] = []
  package var instructions: [Instruction] = []
  package private(set) var inputs: [ValueID] = []
  package var outputs: [ValueID] = []
  /// Values that are the targets of an output, for losses and metrics that are operations.
  package private(set) var targets: [(value: ValueID, output: Int)] = []
  /// Values whose size adds to the loss, in training and evaluation.
  package var activityPenalties: [(value: ValueID, penalty: Penalty)] = []

  package init() {}

  package mutating func addInput(_ shape: Shape) -> ValueID {
    shapes.append(shape)
    inputs.append(shapes.count - 1)
    return shapes.count - 1
  }

  /// The targets of an output as a value, made where it is not there yet.
  package mutating func target(ofOutput output: Int, _ shape: Shape) -> ValueID {
    let known = targets.first { $0.output == output && shapes[$0.value] == shape }
    if let known { return known.value }
    shapes.append(shape)
    targets.append((shapes.count - 1, output))
    return shapes.count - 1
  }

  /// Appends an operation.
  ///
  /// - Returns: The value it makes.
  /// - Throws: What the operation's shape rule says of these inputs.
  package mutating func apply(
    _ operation: some Operation, to inputs: [ValueID], variables: [Variable] = [], layer: String
  ) throws(MartletError) -> ValueID {
    let shape = try operation.outputShape(of: inputs.map { shapes[$0] })
    shapes.append(shape)
    instructions.append(
      Instruction(
        operation: operation, inputs: inputs, variables: variables, output: shapes.count - 1,
        layer: layer))
    return shapes.count - 1
  }

  /// What the model computes outside training, for a plan that has a backward pass all the same: what
  /// acts in training only is dissolved, normalizations go by their moving averages.
  package var outsideTraining: Program {
    var program = self
    for (index, instruction) in instructions.enumerated() {
      let operation = instruction.operation
      program.instructions[index].operation =
        operation.isIdentity(isTraining: false)
        ? ReshapeOp(shape: shapes[instruction.output]) : operation.outsideTraining
    }
    return program
  }

  /// The variables of all instructions, each once, in order of first use.
  package var variables: [Variable] {
    var seen = Set<ObjectIdentifier>()
    return instructions.flatMap(\.variables).filter { seen.insert(ObjectIdentifier($0)).inserted }
  }
}
