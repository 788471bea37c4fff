import MartletKernelTable
import MartletOps
import MartletTensors

/// The losses by Keras's names.
package enum Loss {
  /// A loss's names, and how its arguments are read.
  package struct Kind: Sendable {
    package let className: String
    package let functionName: String
    package var shortNames: [String] = []
    package let make: @Sendable (inout Attributes) throws(MartletError) -> LossTerm
  }

  package static let kinds: [Kind] = [
    Kind(
      className: "SparseCategoricalCrossentropy", functionName: "sparse_categorical_crossentropy"
    ) { attributes throws(MartletError) in
      let fromLogits = try attributes.flag("from_logits", default: false)
      var term = LossTerm(.sparseCategoricalCrossentropy(fromLogits: fromLogits))
      if attributes.value("ignore_class") != nil {
        let most = Int(Int32.max)
        let label = try attributes.integer("ignore_class", atLeast: -most, atMost: most)
        term.ignoredClass = Int32(label)
      }
      return term
    },
    Kind(className: "CategoricalCrossentropy", functionName: "categorical_crossentropy") {
      attributes throws(MartletError) in
      LossTerm(
        .categoricalCrossentropy(
          fromLogits: try attributes.flag("from_logits", default: false),
          labelSmoothing: try attributes.smoothing()))
    },
    Kind(
      className: "BinaryCrossentropy", functionName: "binary_crossentropy", shortNames: ["bce"]
    ) { attributes throws(MartletError) in
      LossTerm(
        .binaryCrossentropy(
          fromLogits: try attributes.flag("from_logits", default: false),
          labelSmoothing: try attributes.smoothing()))
    },
    Kind(className: "CategoricalFocalCrossentropy", functionName: "categorical_focal_crossentropy")
    {
      attributes throws(MartletError) in
      LossTerm(
        .categoricalFocalCrossentropy(
          CategoricalFocus(
            fromLogits: try attributes.flag("from_logits", default: false),
            labelSmoothing: try attributes.smoothing(),
            gamma: Float(try attributes.number("gamma", default: 2, atLeast: 0)),
            alpha: Float(try attributes.number("alpha", default: 0.25)))))
    },
    Kind(className: "BinaryFocalCrossentropy", functionName: "binary_focal_crossentropy") {
      attributes throws(MartletError) in
      let isBalanced = try attributes.flag("apply_class_balancing", default: false)
      let alpha = Float(try attributes.number("alpha", default: 0.25))
      return LossTerm(
        .binaryFocalCrossentropy(
          BinaryFocus(
            fromLogits: try attributes.flag("from_logits", default: false),
            labelSmoothing: try attributes.smoothing(),
            gamma: Float(try attributes.number("gamma", default: 2, atLeast: 0)),
            positiveWeight: isBalanced ? alpha : 1, negativeWeight: isBalanced ? 1 - alpha : 1)))
    },
    Kind(className: "Dice", functionName: "dice") { _ in LossTerm(.overlap(.dice)) },
    Kind(className: "Tversky", functionName: "tversky") { attributes throws(MartletError) in
      LossTerm(
        .overlap(
          .tversky(
            alpha: try attributes.number("alpha", default: 0.5),
            beta: try attributes.number("beta", default: 0.5))))
    },
    Kind(className: "Huber", functionName: "huber") { attributes throws(MartletError) in
      LossTerm(.huber(delta: Float(try attributes.number("delta", default: 1, atLeast: 0))))
    },
    plain("KLDivergence", "kl_divergence", ["kld"], .klDivergence),
    plain("MeanSquaredError", "mean_squared_error", ["mse"], .meanSquaredError),
    plain("MeanAbsoluteError", "mean_absolute_error", ["mae"], .meanAbsoluteError),
    plain(
      "MeanAbsolutePercentageError", "mean_absolute_percentage_error", ["mape"],
      .meanAbsolutePercentageError),
    plain(
      "MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", ["msle"],
      .meanSquaredLogarithmicError),
    plain("LogCosh", "log_cosh", [], .logCosh),
    plain("Poisson", "poisson", [], .poisson),
    plain("CosineSimilarity", "cosine_similarity", [], .cosineSimilarity),
    plain("Hinge", "hinge", [], .hinge),
    plain("SquaredHinge", "squared_hinge", [], .squaredHinge),
    plain("CategoricalHinge", "categorical_hinge", [], .categoricalHinge),
  ]

  private static func plain(
    _ className: String, _ functionName: String, _ shortNames: [String], _ function: LossFunction
  ) -> Kind {
    Kind(className: className, functionName: functionName, shortNames: shortNames) { _ in
      LossTerm(function)
    }
  }

  /// The loss that a class name, function name or short name means, letter case ignored.
  package static func kind(_ name: String) -> Kind? {
    let wanted = name.lowercased()
    return kinds.first {
      $0.className.lowercased() == wanted || $0.functionName == wanted
        || $0.shortNames.contains(wanted)
    }
  }

  /// Whether a description is Keras's `crossentropy`: binary, categorical or sparse, by shape.
  package static func isCrossentropy(_ description: JSONValue) throws(MartletError) -> Bool {
    ["crossentropy", "ce"].contains(try describedClass(description, "loss").name.lowercased())
  }

  /// Keras's choice where a description is `crossentropy` (`keras/src/trainers/compile_utils.py`), else
  /// the description itself.
  ///
  /// - Parameters:
  ///   - size: Values of a prediction.
  ///   - takesLabels: Whether targets are class numbers.
  package static func chosen(
    _ description: JSONValue, size: Int, takesLabels: Bool
  ) throws(MartletError) -> JSONValue {
    guard try isCrossentropy(description) else { return description }
    let name =
      size == 1
      ? "BinaryCrossentropy"
      : takesLabels ? "SparseCategoricalCrossentropy" : "CategoricalCrossentropy"
    let config = try describedClass(description, "loss").config
    return .object(["class_name": .text(name), "config": .object(config)])
  }

  /// - Parameters:
  ///   - description: `{"class_name": "MeanSquaredError", "config": {…}}`, or the name of the class
  ///     or function alone.
  ///   - rank: Axes of a batch of predictions.
  package static func term(
    _ description: JSONValue, rank: Int
  ) throws(MartletError) -> LossTerm {
    let (name, config) = try describedClass(description, "loss")
    guard let kind = kind(name) else {
      throw unknownName(
        name, kind: "loss", known: kinds.flatMap { [$0.functionName] + $0.shortNames })
    }
    var attributes = Attributes(className: kind.className, object: config)
    for ignored in ["name", "dtype"] { _ = attributes.value(ignored) }
    var term = try kind.make(&attributes)
    term.reduction = try attributes.reduction()
    if case .overlap = term.function {
      term.span = try attributes.span(rank: rank)
    } else {
      let axis = try attributes.integer("axis", default: -1)
      guard axis == -1 || axis == rank - 1 else {
        throw attributes.invalid("axis", expected: "-1, the last axis", .integer(axis))
      }
    }
    try attributes.finish()
    return term
  }
}

extension Attributes {
  fileprivate mutating func smoothing() throws(MartletError) -> Float {
    Float(try number("label_smoothing", default: 0, atLeast: 0, atMost: 1))
  }

  package mutating func reduction() throws(MartletError) -> LossTerm.Reduction {
    let name = try text("reduction", default: LossTerm.Reduction.mean.rawValue)
    if name == "mean" { return .mean }
    guard let reduction = LossTerm.Reduction(rawValue: name) else {
      throw invalid(
        "reduction", expected: "'sum_over_batch_size', 'mean', 'sum' or 'none'", .text(name))
    }
    return reduction
  }

  /// What an overlap is measured over: without `axis` the whole batch.
  fileprivate mutating func span(rank: Int) throws(MartletError) -> LossTerm.Span {
    guard let value = value("axis") else { return .batch }
    let given: [Int]
    if case .integer(let axis) = value { given = [axis] } else { given = try integers("axis") }
    let axes = Set(given.map { $0 < 0 ? $0 + rank : $0 })
    if axes == [rank - 1] { return .row }
    guard axes == Set(1..<rank) else {
      throw invalid(
        "axis", expected: "null for the whole batch, or all axes but that of the samples", value)
    }
    return .sample
  }
}

extension LossTerm {
  /// For messages: the name users write.
  package var kerasName: String { name ?? function.kerasName }
}

extension LossFunction {
  /// For messages: the name users write.
  package var kerasName: String {
    switch self {
    case .sparseCategoricalCrossentropy: "sparse_categorical_crossentropy"
    case .categoricalCrossentropy: "categorical_crossentropy"
    case .binaryCrossentropy: "binary_crossentropy"
    case .categoricalFocalCrossentropy: "categorical_focal_crossentropy"
    case .binaryFocalCrossentropy: "binary_focal_crossentropy"
    case .klDivergence: "kl_divergence"
    case .meanSquaredError: "mean_squared_error"
    case .meanAbsoluteError: "mean_absolute_error"
    case .meanAbsolutePercentageError: "mean_absolute_percentage_error"
    case .meanSquaredLogarithmicError: "mean_squared_logarithmic_error"
    case .huber: "huber"
    case .logCosh: "log_cosh"
    case .poisson: "poisson"
    case .cosineSimilarity: "cosine_similarity"
    case .hinge: "hinge"
    case .squaredHinge: "squared_hinge"
    case .categoricalHinge: "categorical_hinge"
    case .overlap(.dice): "dice"
    case .overlap: "tversky"
    case .given: "loss"
    }
  }

  /// Whether targets are a distribution over classes.
  package var isOverClasses: Bool {
    switch self {
    case .sparseCategoricalCrossentropy, .categoricalCrossentropy, .categoricalFocalCrossentropy,
      .categoricalHinge:
      true
    default: false
    }
  }
}
