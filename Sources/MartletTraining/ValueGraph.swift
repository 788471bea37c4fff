import MartletGraph
import MartletOps
import MartletTensors

/// A loss or a metric that is put together of operations: `{"class_name": "Graph", "name": "my_loss",
/// "config": {"graph": 0}}`. The graph is a model of two inputs, targets and predictions, whose output
/// holds the values.
struct ValueGraph {
  let name: String
  /// `nil` as long as the shape of the targets, and so the graph, is not known.
  let model: Model?
  let reduction: LossTerm.Reduction
  /// Whether its values are of the whole batch, the same for every sample.
  let isOfBatch: Bool

  /// `nil` for the description of a loss or metric that has no graph.
  ///
  /// - Parameters:
  ///   - kind: "loss" or "metric", for messages.
  ///   - graphs: What descriptions count.
  init?(
    _ description: JSONValue, _ kind: String, _ graphs: [Model]
  ) throws(MartletError) {
    let (className, config) = try describedClass(description, kind)
    guard className == "Graph" else { return nil }
    var attributes = Attributes(className: className, object: config)
    if case .object(let object) = description, case .text(let given)? = object["name"] {
      name = given
    } else {
      name = kind
    }
    isOfBatch = try attributes.flag("of_batch", default: false)
    reduction = try attributes.reduction()
    if attributes.value("graph") == nil {
      model = nil
    } else {
      let index = try attributes.integer("graph", atLeast: 0)
      guard graphs.indices.contains(index) else {
        throw attributes.invalid(
          "graph", expected: "the number of one of \(graphs.count) graphs", .integer(index))
      }
      let graph = graphs[index]
      guard graph.inputShapes.count == 2, graph.outputShapes.count == 1 else {
        throw .invalidArgument(
          "\(kind) '\(name)': its graph must have two inputs, targets and predictions, and one output"
        )
      }
      model = graph
    }
    try attributes.finish()
  }

  /// Of the targets beside predictions of this shape, which has the extents that they leave open; `nil`
  /// as long as it is not known.
  func targetShape(beside prediction: Shape) throws(MartletError) -> Shape? {
    guard let open = model?.inputShapes[0] else { return nil }
    return try Shape(open.small.extents.indices.map { open[$0] ?? prediction[$0] })
  }

  /// Appends the operations to a program.
  ///
  /// - Parameters:
  ///   - output: Number of the output that it is for.
  ///   - trained: The weights that are the model's own.
  /// - Returns: The values.
  func lower(
    _ model: Model, output: Int, trained: [Variable], into program: inout Program
  ) throws(MartletError) -> Program.ValueID {
    let prediction = program.outputs[output]
    let shape = try targetShape(beside: program.shapes[prediction]) ?? model.inputShapes[0].small
    let target = program.target(ofOutput: output, shape)
    let first = program.instructions.count
    let value = try model.lower(on: [target, prediction], into: &program)[0]
    try check(Array(program.instructions[first...]), prediction: prediction, trained: trained)
    return value
  }

  private func check(
    _ instructions: [Program.Instruction], prediction: Program.ValueID, trained: [Variable]
  ) throws(MartletError) {
    var learned: Set<Program.ValueID> = [prediction]
    for instruction in instructions {
      let foreign = instruction.variables.first { variable in
        variable.receivesGradient && !trained.contains { $0 === variable }
      }
      if foreign != nil {
        throw .invalidArgument(
          "'\(name)' uses the layer '\(instruction.layer)', whose weights training would change; "
            + "set trainable = False on it, or make it a part of the model")
      }
      let isLoss = instruction.operation is LossValueOp || instruction.operation is ExternalLossOp
      if isLoss, learned.contains(instruction.inputs[0]) {
        throw .invalidArgument(
          "'\(name)': y_true of a loss within it follows from the predictions; losses have a gradient "
            + "with respect to y_pred only, so change the two, or write it with martlet.ops")
      }
      if instruction.inputs.contains(where: learned.contains) { learned.insert(instruction.output) }
    }
  }
}

extension Shape {
  /// What targets of this shape are beside predictions of another one.
  func targetForm(beside prediction: Shape) -> TargetForm {
    if DataCheck.agree(extents[...], prediction.extents[...]) { return .values }
    let rows = prediction.extents.dropLast()
    return DataCheck.agree(extents[...], rows) ? .labels : .none
  }
}
