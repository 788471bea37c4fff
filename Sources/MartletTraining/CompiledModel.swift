import MartletGraph
import MartletKernelTable
import MartletOps
import MartletTensors

/// What `compile` makes of a model and a configuration: heads, result names, an optimizer, and the
/// program as the model was trainable at that moment.
final class CompiledModel {
  let program: Program
  /// The weights that training changes, in the order of `Layer.weights`.
  let trained: [(variable: Variable, layer: Layer)]
  let heads: [LossHead]
  /// Of the loss, of each output's loss where there are several, of the metrics.
  let resultNames: [String]
  let optimizer: Optimizer

  /// - Parameter configuration: As documented at `martlet_model_compile`.
  init(_ model: Model, _ configuration: JSONObject) throws(MartletError) {
    for key in configuration.keys
    where !["optimizer", "losses", "loss_weights", "metrics"].contains(key) {
      throw unknownName(
        key, kind: "key of the configuration",
        known: ["optimizer", "losses", "loss_weights", "metrics"])
    }
    optimizer = try Optimizer(configuration["optimizer"] ?? .text("RMSprop"))
    let program = try model.lower()
    self.program = program
    trained = model.weights.filter(\.variable.receivesGradient)
    let outputs = program.outputs
    let losses = try CompiledModel.list(configuration, "losses", count: outputs.count)
    let weights = try CompiledModel.list(configuration, "loss_weights", count: outputs.count)
    let metricLists = try CompiledModel.list(configuration, "metrics", count: outputs.count)
    guard let losses else {
      throw .invalidArgument("compile: \"losses\" is missing: one loss per output")
    }

    var heads: [LossHead] = []
    var outputLossNames: [String] = []
    var metricNames: [String] = []
    for (index, output) in outputs.enumerated() {
      let name = model.outputNames[index]
      let shape = program.shapes[output]
      let function: LossFunction
      do throws(MartletError) {
        function = try Loss.function(losses[index])
        try CompiledModel.check(function, shape)
      } catch {
        throw error.inLayer(name)
      }
      var metrics: [MetricFunction] = []
      if let metricLists {
        guard case .array(let descriptions) = metricLists[index] else {
          throw MartletError(
            .invalidType,
            "compile: \"metrics\" holds one list per output, "
              + "got \(metricLists[index].excerpt())")
        }
        for description in descriptions {
          let metric = try Metric(description)
          metrics.append(metric.function(output: shape, loss: function))
          metricNames.append(outputs.count > 1 ? "\(name)_\(metric.key)" : metric.key)
        }
      }
      var weight = 1.0
      if let weights {
        guard let number = weights[index].double, number.isFinite else {
          throw MartletError(
            .invalidType, "compile: \"loss_weights\" holds numbers, got \(weights[index].excerpt())"
          )
        }
        weight = number
      }
      outputLossNames.append("\(name)_loss")
      let (input, effective) = program.lossInput(of: output, for: function)
      heads.append(
        LossHead(
          output: index, lossInput: input, function: effective, weight: Float(weight),
          metrics: metrics))
    }
    self.heads = heads
    resultNames = ["loss"] + (outputs.count > 1 ? outputLossNames : []) + metricNames
  }

  private static func list(
    _ configuration: JSONObject, _ key: String, count: Int
  ) throws(MartletError) -> [JSONValue]? {
    guard let value = configuration[key], !value.isNull else { return nil }
    guard case .array(let elements) = value else {
      throw MartletError(.invalidType, "compile: \"\(key)\" is a list, got \(value.excerpt())")
    }
    guard elements.count == count else {
      throw .invalidArgument(
        "compile: \"\(key)\" has \(elements.count) entries for a model of \(count) outputs")
    }
    return elements
  }

  /// Losses over classes make no sense of a single class.
  private static func check(_ function: LossFunction, _ shape: Shape) throws(MartletError) {
    switch function {
    case .sparseCategoricalCrossentropy, .categoricalCrossentropy:
      guard shape.last == 1 else { return }
      throw .invalidArgument(
        "loss '\(function.kerasName)' needs one output per class, but the output has shape "
          + "\(shape.batchDescription); use 'binary_crossentropy', or one unit per class")
    default: return
    }
  }
}

extension Program {
  /// Where a loss is worked out from: the logits, if the output is a softmax of them over the last
  /// axis (for the losses over classes) or a sigmoid (for the binary one), else the output.
  fileprivate func lossInput(
    of output: ValueID, for function: LossFunction
  ) -> (value: ValueID, function: LossFunction) {
    guard let maker = instructions.first(where: { $0.output == output }) else {
      return (output, function)
    }
    let input = maker.inputs[0]
    switch (function, maker.operation) {
    case (.sparseCategoricalCrossentropy, let softmax as SoftmaxOp),
      (.categoricalCrossentropy, let softmax as SoftmaxOp):
      return softmax.axis == shapes[output].rank - 1
        ? (input, function.fromLogits) : (output, function)
    case (.binaryCrossentropy, let activation as ActivationOp)
    where activation.activation == .sigmoid:
      return (input, function.fromLogits)
    default:
      return (output, function)
    }
  }
}
