import MartletGraph
import MartletKernelTable
import MartletOps
import MartletTensors

/// What `compile` makes of a model and a configuration: heads, results, an optimizer, and the program
/// as the model was trainable at that moment.
final class CompiledModel {
  let program: Program
  /// The weights that training changes, in the order of `Layer.weights`.
  let trained: [(variable: Variable, layer: Layer)]
  let heads: [LossHead]
  /// The loss, each output's loss where there are several, and the metrics.
  let results: [Result]
  let optimizer: Optimizer
  let configuration: JSONObject
  /// Whether losses wait for the first targets, which choose them.
  let isOpen: Bool
  /// Those that the configuration counts.
  let graphs: [Model]
  /// Of losses and metrics that have no graph yet.
  let waiting: [String]
  /// The loss or metric that only the program which compiled the model can work out.
  let programsOwn: String?
  /// Whether a metric is counted by the caller, who is handed the outputs for it.
  let copiesOutputs: Bool

  /// One of the values that training and evaluation report.
  struct Result {
    enum Source {
      /// Of all outputs together.
      case loss
      case outputLoss(head: Int)
      case metric(head: Int, index: Int)
    }
    let name: String
    let source: Source
    /// None for a single number.
    let extents: [Int]

    init(_ name: String, _ source: Source, extents: [Int] = []) {
      self.name = name
      self.source = source
      self.extents = extents
    }
  }

  private static let keys = [
    "optimizer", "losses", "loss_weights", "metrics", "weighted_metrics", "output_names",
    "keeps_optimizer",
  ]

  /// - Parameters:
  ///   - configuration: As documented at `martlet_model_compile`.
  ///   - shapes: Of the inputs' samples, where their size is left open.
  ///   - graphs: Losses and metrics that are put together of operations.
  ///   - earlier: What was made of it before there were targets, or for another size; its optimizer
  ///     goes on.
  ///   - targets: Arrays that choose between losses; `nil` while there are none.
  init(
    _ model: Model, _ configuration: JSONObject, shapes: [Shape]? = nil, graphs: [Model] = [],
    after earlier: CompiledModel? = nil, targets: [ArrayView]? = nil
  ) throws(MartletError) {
    self.configuration = configuration
    for key in configuration.keys where !CompiledModel.keys.contains(key) {
      throw unknownName(key, kind: "key of the configuration", known: CompiledModel.keys)
    }
    if let earlier {
      optimizer = earlier.optimizer
    } else {
      optimizer = try Optimizer(configuration["optimizer"] ?? .text("RMSprop"))
    }
    var program = try model.lower(shapes)
    trained = model.weights.filter(\.variable.receivesGradient)
    let count = program.outputs.count
    let losses = try CompiledModel.list(configuration, "losses", count: count)
    let weights = try CompiledModel.list(configuration, "loss_weights", count: count)
    let plain = try CompiledModel.list(configuration, "metrics", count: count)
    let weighted = try CompiledModel.list(configuration, "weighted_metrics", count: count)
    let names = try CompiledModel.names(configuration, model)
    guard let losses else {
      throw .invalidArgument("compile: \"losses\" is missing: one loss per output")
    }

    var heads: [LossHead] = []
    var keys: [[String]] = []
    var isOpen = false
    var waiting: [String] = []
    var programsOwn: String?
    let variables = model.weights.map(\.variable)
    func value(_ graph: ValueGraph, _ output: Int) throws(MartletError) -> Program.ValueID? {
      guard let function = graph.model else {
        waiting.append(graph.name)
        return nil
      }
      return try graph.lower(function, output: output, trained: variables, into: &program)
    }
    for (index, output) in program.outputs.enumerated() {
      let shape = program.shapes[output]
      do throws(MartletError) {
        let metrics = (
          plain: try CompiledModel.metrics(plain?[index], "metrics", graphs),
          weighted: try CompiledModel.metrics(weighted?[index], "weighted_metrics", graphs)
        )
        let needsLabels = (metrics.plain + metrics.weighted).contains(where: \.needsLabels)
        let size = shape.last ?? 1
        let own = try ValueGraph(losses[index], "loss", graphs)
        programsOwn = programsOwn ?? own?.name
        let description = try Loss.chosen(
          losses[index], size: size,
          takesLabels: targets?[index].areLabels(for: shape) ?? needsLabels)
        if targets == nil, size > 1, try Loss.isCrossentropy(losses[index]) { isOpen = true }
        var term: LossTerm
        if let own {
          term = LossTerm(.given)
          (term.name, term.reduction) = (own.name, own.reduction)
        } else {
          term = try Loss.term(description, rank: shape.rank + 1)
        }
        try CompiledModel.check(term, shape)
        var form: TargetForm?
        if let own { form = try own.targetShape(beside: shape)?.targetForm(beside: shape) ?? .any }
        var uses: [MetricUse] = []
        keys.append([])
        for (isWeighted, metrics) in [(false, metrics.plain), (true, metrics.weighted)] {
          for metric in metrics {
            if metric.isProgramsOwn { programsOwn = programsOwn ?? metric.key }
            var use = MetricUse(try metric.resolved(shape, term, form), isWeighted: isWeighted)
            if case .graph(let graph) = metric.function {
              use.value = try value(graph, index)
              use.isOfBatch = graph.isOfBatch
            }
            uses.append(use)
            keys[index].append(metric.key)
          }
        }
        var (input, effective) = program.lossInput(of: output, for: term.function)
        term.function = effective
        if let own, let values = try value(own, index) { input = values }
        heads.append(
          LossHead(
            output: index, lossInput: input, loss: term,
            weight: Float(try CompiledModel.weight(weights?[index])), metrics: uses, targets: form))
      } catch {
        throw error.inLayer(model.outputNames[index])
      }
    }
    try program.settleWeights()
    self.program = program
    self.heads = heads
    self.isOpen = isOpen
    self.graphs = graphs
    self.waiting = waiting
    self.programsOwn = programsOwn
    copiesOutputs = heads.contains { $0.metrics.contains { $0.function is CallersMetric } }
    results = CompiledModel.results(heads, keys, names, program)
  }

  /// Of the output that a head is for.
  func shape(of head: LossHead) -> Shape { program.shapes[program.outputs[head.output]] }

  private static func names(
    _ configuration: JSONObject, _ model: Model
  ) throws(MartletError) -> [String] {
    let given = try list(configuration, "output_names", count: model.outputNames.count)
    guard let given else { return model.outputNames }
    var names: [String] = []
    for case .text(let name) in given { names.append(name) }
    guard names.count == given.count else {
      throw MartletError(.invalidType, "compile: \"output_names\" holds texts")
    }
    return names
  }

  private static func metrics(
    _ descriptions: JSONValue?, _ key: String, _ graphs: [Model]
  ) throws(MartletError) -> [Metric] {
    guard let descriptions else { return [] }
    guard case .array(let descriptions) = descriptions else {
      throw MartletError(
        .invalidType,
        "compile: \"\(key)\" holds one list per output, got \(descriptions.excerpt())")
    }
    var metrics: [Metric] = []
    for description in descriptions { metrics.append(try Metric(description, graphs)) }
    return metrics
  }

  private static func weight(_ value: JSONValue?) throws(MartletError) -> Double {
    guard let value else { return 1 }
    guard let number = value.double, number.isFinite else {
      throw MartletError(
        .invalidType, "compile: \"loss_weights\" holds numbers, got \(value.excerpt())")
    }
    return number
  }

  /// Keras's order, and its way to tell equal names apart: metrics of all outputs come before weighted
  /// ones; a second `auc` is `auc_1`, a weighted one that repeats a name is `weighted_auc`.
  private static func results(
    _ heads: [LossHead], _ keys: [[String]], _ names: [String], _ program: Program
  ) -> [Result] {
    var results = [Result("loss", .loss)]
    if heads.count > 1 {
      results += names.enumerated().map { Result("\($1)_loss", .outputLoss(head: $0)) }
    }
    var uses: [String: Int] = [:]
    func unique(_ name: String, or other: String) -> String {
      for candidate in [name, other] where uses[candidate] == nil {
        uses[candidate] = 1
        return candidate
      }
      let number = uses[other] ?? 1
      uses[other] = number + 1
      return "\(other)_\(number)"
    }
    for isWeighted in [false, true] {
      for (head, prefix) in zip(heads.indices, names.map { heads.count > 1 ? "\($0)_" : "" }) {
        let size = LossHead.size(program.shapes[program.outputs[heads[head].output]])
        for (index, use) in heads[head].metrics.enumerated() where use.isWeighted == isWeighted {
          let key = keys[head][index]
          let name = unique(prefix + key, or: prefix + (isWeighted ? "weighted_" : "") + key)
          results.append(
            Result(
              name, .metric(head: head, index: index),
              extents: use.function.resultExtents(size: size)))
        }
      }
    }
    return results
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

  /// Losses over classes make no sense of a single class, and training needs a number.
  private static func check(_ term: LossTerm, _ shape: Shape) throws(MartletError) {
    if term.function.isOverClasses, shape.last == 1 {
      throw .invalidArgument(
        "loss '\(term.kerasName)' needs one output per class, but the output has shape "
          + "\(shape.batchDescription); use 'binary_crossentropy', or one unit per class")
    }
    if term.reduction == .none {
      throw .invalidArgument(
        "loss '\(term.kerasName)' has reduction='none', but training needs a single number; "
          + "use 'sum_over_batch_size' or 'sum'")
    }
  }
}

extension ArrayView {
  /// Whether Keras takes them for class numbers beside predictions of several values.
  fileprivate func areLabels(for prediction: Shape) -> Bool {
    sampleExtents.count < prediction.rank || sampleExtents.last == 1
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
