import MartletGraph
import MartletKernelTable
import MartletOps
import MartletTensors

/// A metric as it was asked for: its function, once the shapes are known, and the key of its value.
struct Metric {
  enum Function {
    /// Keras's `accuracy`: binary, categorical or sparse, by shape.
    case accuracy
    case fixed(any MetricFunction)
    /// Put together of operations: the mean of what they make.
    case graph(ValueGraph)
  }
  let function: Function
  let key: String

  /// Whether it wants class numbers as targets, whatever the loss.
  var needsLabels: Bool {
    if case .fixed(let function) = function { function.targets == .labels } else { false }
  }

  /// Whether only the program that made it can work it out.
  var isProgramsOwn: Bool {
    switch function {
    case .graph: true
    case .fixed(let function): function is CallersMetric
    default: false
    }
  }

  /// - Parameter description: `{"class_name": "Accuracy", "name": "accuracy", "config": {…}}`, or
  ///   a name alone, which then is the key too.
  init(_ description: JSONValue, _ graphs: [Model] = []) throws(MartletError) {
    let (name, config) = try describedClass(description, "metric")
    var key = name
    if case .object(let object) = description, case .text(let given)? = object["name"] {
      key = given
    }
    self.key = key
    if let graph = try ValueGraph(description, "metric", graphs) {
      function = .graph(graph)
      return
    }
    if name == "Callers" {
      function = .fixed(CallersMetric())
      return
    }
    if ["accuracy", "acc"].contains(name.lowercased()) {
      function = .accuracy
      return
    }
    guard let kind = Metric.kind(name) else {
      throw unknownName(name, kind: "metric", known: Metric.knownNames)
    }
    var attributes = Attributes(className: kind.className, object: config)
    for ignored in ["name", "dtype"] { _ = attributes.value(ignored) }
    function = .fixed(try kind.make(&attributes))
    try attributes.finish()
  }

  /// Keras's choice (`keras/src/trainers/compile_utils.py`): one prediction per row is binary;
  /// targets with an axis less, or a last axis of 1, are class numbers; others are one-hot.
  ///
  /// - Parameter takesLabels: Whether targets are class numbers. In training the loss says so,
  ///   because data that does not suit the loss is refused.
  func resolved(size: Int, takesLabels: Bool) -> any MetricFunction {
    switch function {
    case .fixed(let function): return function
    case .graph: return MeanMetric.values
    case .accuracy:
      if size == 1 { return MeanMetric.binaryAccuracy(threshold: 0.5) }
      return MeanMetric.classAccuracy(takesLabels ? .labels : .values)
    }
  }

  /// The function for predictions of this shape, beside this loss.
  ///
  /// - Parameter form: What targets are; `nil` for what the loss takes.
  func resolved(
    _ shape: Shape, _ loss: LossTerm, _ form: TargetForm?
  ) throws(MartletError) -> any MetricFunction {
    let size = shape.last ?? 1
    let form = form ?? (loss.function.takesLabels ? .labels : .values)
    let function = resolved(size: size, takesLabels: form == .labels)
    if case .graph = self.function { return function }
    if function is CallersMetric { return function }
    if let complaint = function.complaint(rows: shape.count / size, size: size) {
      throw .invalidArgument(
        "metric '\(key)' \(complaint), but the output has shape \(shape.batchDescription)")
    }
    switch function.targets {
    case .any where form != .none: break
    case form: break
    case .labels where form == .any, .values where form == .any: break
    case .none:
      throw .invalidArgument(
        "metric '\(key)' has no use for targets, so it cannot be compiled: call it by itself")
    case _ where form == .none:
      throw .invalidArgument(
        "metric '\(key)' cannot compare predictions of shape \(shape.batchDescription) with the "
          + "targets that loss '\(loss.kerasName)' is given: they are neither class numbers nor a value "
          + "for every output")
    case .any: break
    case .labels:
      throw .invalidArgument(
        "metric '\(key)' expects class numbers, but loss '\(loss.kerasName)' takes a value for every "
          + "class; \(Metric.cure(function))")
    case .values:
      throw .invalidArgument(
        "metric '\(key)' expects a value for every output, but loss '\(loss.kerasName)' takes class "
          + "numbers; \(Metric.cure(function))")
    }
    return function
  }

  private static func cure(_ function: any MetricFunction) -> String {
    switch function {
    case MeanMetric.classAccuracy: "use 'accuracy', which follows the loss"
    case MeanMetric.topClasses(_, .labels): "use TopKCategoricalAccuracy"
    case MeanMetric.topClasses: "use SparseTopKCategoricalAccuracy"
    case let confusion as ConfusionMetric where confusion.prediction == .value:
      "for predictions with a value for each class say sparse_y_pred=False"
    case is ConfusionMetric: "say sparse_y_true=\(function.targets == .labels ? "False" : "True")"
    default:
      function.targets == .labels
        ? "use loss 'sparse_categorical_crossentropy'"
        : "use loss 'categorical_crossentropy' with one-hot targets (utils.to_categorical)"
    }
  }
}

// MARK: - The metrics by Keras's names

extension Metric {
  /// A metric's names, and how its arguments are read.
  private struct Kind: Sendable {
    let className: String
    let name: String
    let make: @Sendable (inout Attributes) throws(MartletError) -> any MetricFunction

    init(
      _ className: String, _ name: String,
      _ make: @escaping @Sendable (inout Attributes) throws(MartletError) -> any MetricFunction
    ) {
      self.className = className
      self.name = name
      self.make = make
    }
  }

  private static var knownNames: [String] {
    ["accuracy", "acc"] + kinds.map(\.name)
      + Loss.kinds.flatMap { [$0.functionName] + $0.shortNames }
  }

  private static func kind(_ name: String) -> Kind? {
    let wanted = name.lowercased()
    if let kind = kinds.first(where: { $0.className.lowercased() == wanted || $0.name == wanted }) {
      return kind
    }
    guard let loss = Loss.kind(name), !["Dice", "Tversky"].contains(loss.className) else {
      return nil
    }
    return Kind(loss.className, loss.functionName) { attributes throws(MartletError) in
      try lossMetric(loss, &attributes)
    }
  }

  private static func lossMetric(
    _ loss: Loss.Kind, _ attributes: inout Attributes
  ) throws(MartletError) -> any MetricFunction {
    let term = try loss.make(&attributes)
    let axis = try attributes.integer("axis", default: -1)
    guard axis == -1 else {
      throw attributes.invalid("axis", expected: "-1, the last axis", .integer(axis))
    }
    // The metric is the cosine, the loss its negative.
    let sign = term.function == .cosineSimilarity ? -1.0 : 1.0
    return MeanMetric.loss(term.function, ignoring: term.ignoredClass, sign: sign)
  }

  private static let kinds: [Kind] = [
    // "Accuracy" is the name of the choice among the others.
    mean("ExactAccuracy", "exact_accuracy", .equality),
    Kind("BinaryAccuracy", "binary_accuracy") { attributes throws(MartletError) in
      MeanMetric.binaryAccuracy(
        threshold: Float(try attributes.number("threshold", default: 0.5)))
    },
    mean("CategoricalAccuracy", "categorical_accuracy", .classAccuracy(.values)),
    mean("SparseCategoricalAccuracy", "sparse_categorical_accuracy", .classAccuracy(.labels)),
    Kind("TopKCategoricalAccuracy", "top_k_categorical_accuracy") {
      attributes throws(MartletError) in
      MeanMetric.topClasses(try attributes.integer("k", default: 5, atLeast: 1), .values)
    },
    Kind("SparseTopKCategoricalAccuracy", "sparse_top_k_categorical_accuracy") {
      attributes throws(MartletError) in
      MeanMetric.topClasses(try attributes.integer("k", default: 5, atLeast: 1), .labels)
    },
    Kind("LogCoshError", "log_cosh_error") { _ in
      MeanMetric.loss(.logCosh, ignoring: nil, sign: 1)
    },
    mean("RootMeanSquaredError", "root_mean_squared_error", .rootMeanSquare),
    mean("Mean", "mean", .values),
    mean("Sum", "sum", .sumOfValues),
    threshold("TruePositives", "true_positives", .truePositives),
    threshold("FalsePositives", "false_positives", .falsePositives),
    threshold("TrueNegatives", "true_negatives", .trueNegatives),
    threshold("FalseNegatives", "false_negatives", .falseNegatives),
    threshold("Precision", "precision", .precision),
    threshold("Recall", "recall", .recall),
    best("PrecisionAtRecall", "precision_at_recall", .precision, .recall, "recall"),
    best("RecallAtPrecision", "recall_at_precision", .recall, .precision, "precision"),
    best(
      "SensitivityAtSpecificity", "sensitivity_at_specificity", .recall, .specificity,
      "specificity"),
    best(
      "SpecificityAtSensitivity", "specificity_at_sensitivity", .specificity, .recall,
      "sensitivity"),
    Kind("AUC", "auc", area),
    Kind("F1Score", "f1_score") { attributes throws(MartletError) in
      try score(&attributes, beta: 1)
    },
    Kind("FBetaScore", "fbeta_score") { attributes throws(MartletError) in
      let beta = try attributes.number("beta", default: 1)
      guard beta > 0 else {
        throw attributes.invalid("beta", expected: "a number above 0", .number(beta))
      }
      return try score(&attributes, beta: beta)
    },
    Kind("R2Score", "r2_score") { attributes throws(MartletError) in
      let average = attributes.value("class_aggregation")
      return R2Score(
        average: average == nil
          ? nil : try attributes.choice("class_aggregation", default: R2Score.Average.uniform),
        regressorCount: try attributes.integer("num_regressors", default: 0, atLeast: 0))
    },
    Kind("MeanIoU", "mean_io_u") { attributes throws(MartletError) in try union(&attributes) },
    Kind("OneHotMeanIoU", "one_hot_mean_io_u") { attributes throws(MartletError) in
      try union(&attributes, oneHot: true)
    },
    Kind("IoU", "io_u") { attributes throws(MartletError) in
      try union(&attributes, ofTargets: true)
    },
    Kind("OneHotIoU", "one_hot_io_u") { attributes throws(MartletError) in
      try union(&attributes, oneHot: true, ofTargets: true)
    },
    Kind("BinaryIoU", "binary_io_u") { attributes throws(MartletError) in
      let threshold = Float(try attributes.number("threshold", default: 0.5))
      let wanted = try attributes.classIDs("target_class_ids", below: 2)
      var metric = ConfusionMetric(
        .intersectionOverUnion(wanted ?? [0, 1]), classCount: 2, prediction: .threshold(threshold),
        targets: .values)
      metric.truncatesWeights = true
      return metric
    },
    Kind("ConfusionMatrix", "confusion_matrix") { attributes throws(MartletError) in
      ConfusionMetric(
        .matrix, classCount: try attributes.classCount(), prediction: .greatest, targets: .any)
    },
  ]

  private static func mean(_ className: String, _ name: String, _ metric: MeanMetric) -> Kind {
    Kind(className, name) { _ in metric }
  }

  private static func threshold(
    _ className: String, _ name: String, _ measure: ThresholdMetric.Measure
  ) -> Kind {
    Kind(className, name) { attributes throws(MartletError) in
      let given = try attributes.thresholds("thresholds")
      let isShare = [.precision, .recall].contains(measure)
      var topCount: Int?
      var column: Int?
      if isShare, attributes.value("top_k") != nil {
        topCount = try attributes.integer("top_k", atLeast: 1)
      }
      if isShare, attributes.value("class_id") != nil {
        column = try attributes.integer("class_id", atLeast: 0)
      }
      let fallback = topCount == nil ? 0.5 : Double(ThresholdMetric.nothing)
      var metric = ThresholdMetric(measure, Thresholds(given ?? [fallback]))
      metric.topCount = topCount
      metric.column = column
      return metric
    }
  }

  private static func best(
    _ className: String, _ name: String, _ wanted: ThresholdMetric.Measure,
    _ condition: ThresholdMetric.Measure, _ argument: String
  ) -> Kind {
    Kind(className, name) { attributes throws(MartletError) in
      let least = try attributes.number(argument, atLeast: 0, atMost: 1)
      let count = try attributes.integer("num_thresholds", default: 200, atLeast: 1)
      let thresholds =
        count == 1
        ? Thresholds([0.5])
        : Thresholds((0..<count).map { Double($0) / Double(count - 1) }, isEven: true)
      var metric = ThresholdMetric(
        .best(wanted, where: condition, atLeast: least), thresholds)
      if attributes.value("class_id") != nil {
        metric.column = try attributes.integer("class_id", atLeast: 0)
      }
      return metric
    }
  }

  private static func area(
    _ attributes: inout Attributes
  ) throws(MartletError) -> any MetricFunction {
    let epsilon = 1e-7
    var inner: [Double] = []
    var isEven: Bool?
    let count = try attributes.integer("num_thresholds", default: 200, atLeast: 2)
    if let given = try attributes.thresholds("thresholds") {
      inner = given.sorted()
      isEven = Thresholds.areEven([0] + inner + [1])
    } else {
      inner = (1..<(count - 1)).map { Double($0) / Double(count - 1) }
      isEven = true
    }
    let curve = try attributes.choice("curve", default: ThresholdMetric.Curve.roc)
    let summation = try attributes.choice(
      "summation_method", default: ThresholdMetric.Summation.interpolation)
    var metric = ThresholdMetric(
      .area(curve, summation), Thresholds([-epsilon] + inner + [1 + epsilon], isEven: isEven))
    metric.isPerColumn = try attributes.flag("multi_label", default: false)
    // The number of labels is that of the prediction.
    _ = attributes.value("num_labels")
    metric.columnWeights = try attributes.numbers("label_weights")
    metric.fromLogits = try attributes.flag("from_logits", default: false)
    return metric
  }

  private static func score(
    _ attributes: inout Attributes, beta: Double
  ) throws(MartletError) -> any MetricFunction {
    let average = attributes.value("average")
    var threshold: Float?
    if attributes.value("threshold") != nil {
      threshold = Float(try attributes.number("threshold", atLeast: 0, atMost: 1))
    }
    return FScore(
      average: average == nil
        ? nil : try attributes.choice("average", default: FScore.Average.macro),
      beta: beta, threshold: threshold)
  }

  private static func union(
    _ attributes: inout Attributes, oneHot: Bool = false, ofTargets: Bool = false
  ) throws(MartletError) -> any MetricFunction {
    let count = try attributes.integer(
      "num_classes", atLeast: 1, atMost: ConfusionMetric.classLimit)
    let sparseTarget = oneHot ? false : try attributes.flag("sparse_y_true", default: true)
    let sparsePrediction = try attributes.flag("sparse_y_pred", default: !oneHot)
    let axis = try attributes.integer("axis", default: -1)
    guard axis == -1 else {
      throw attributes.invalid("axis", expected: "-1, the last axis", .integer(axis))
    }
    guard sparseTarget || !sparsePrediction else {
      throw attributes.invalid(
        "sparse_y_pred", expected: "false where sparse_y_true is false", .boolean(true))
    }
    let wanted =
      ofTargets
      ? try attributes.classIDs("target_class_ids", below: count) ?? [] : Array(0..<count)
    var metric = ConfusionMetric(
      .intersectionOverUnion(wanted), classCount: count,
      prediction: sparsePrediction ? .value : .greatest,
      targets: sparsePrediction || !sparseTarget ? .values : .labels)
    if attributes.value("ignore_class") != nil {
      let most = Int(Int32.max)
      metric.ignored = try attributes.integer("ignore_class", atLeast: -most, atMost: most)
    }
    metric.truncatesWeights = true
    return metric
  }
}

extension Attributes {
  /// A number or a list of numbers; `nil` where there is none.
  fileprivate mutating func numbers(_ name: String) throws(MartletError) -> [Double]? {
    guard let value = value(name) else { return nil }
    guard case .array(let elements) = value else { return [try number(name)] }
    let numbers = elements.compactMap(\.double)
    guard numbers.count == elements.count, !numbers.isEmpty,
      numbers.allSatisfy({ Float($0).isFinite })
    else { throw invalid(name, expected: "numbers", value) }
    return numbers
  }

  fileprivate mutating func thresholds(_ name: String) throws(MartletError) -> [Double]? {
    guard let numbers = try numbers(name) else { return nil }
    guard numbers.allSatisfy({ $0 >= 0 && $0 <= 1 }) else {
      throw invalid(name, expected: "numbers from 0 to 1", value(name) ?? .null)
    }
    return numbers
  }

  fileprivate mutating func classIDs(
    _ name: String, below count: Int
  ) throws(MartletError) -> [Int]? {
    guard let value = value(name) else { return nil }
    let given = try integers(name)
    guard !given.isEmpty, given.allSatisfy({ (0..<count).contains($0) }) else {
      throw invalid(name, expected: "class numbers from 0 to \(count - 1)", value)
    }
    return given
  }

  fileprivate mutating func classCount() throws(MartletError) -> Int? {
    guard value("num_classes") != nil else { return nil }
    return try integer("num_classes", atLeast: 2, atMost: ConfusionMetric.classLimit)
  }
}
