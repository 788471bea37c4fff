import MartletGraph
import MartletKernelTable
import MartletOps
import MartletTensors

/// A metric as compiled: its function, once the shapes are known, and the key of its value.
struct Metric {
  enum Kind {
    /// Keras's `accuracy`: binary, categorical or sparse, by shape.
    case accuracy
    case fixed(MetricFunction)
  }
  let kind: Kind
  let key: String

  private static let accuracies = [
    "accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
  ]

  /// - Parameter description: `{"class_name": "Accuracy", "name": "accuracy", "config": {…}}`, or
  ///   a name alone, which then is the key too.
  init(_ description: JSONValue) throws(MartletError) {
    let (name, config) = try describedClass(description, "metric")
    var key = name
    if case .object(let object) = description, case .text(let given)? = object["name"] {
      key = given
    }
    self.key = key
    switch name.lowercased() {
    case "accuracy", "acc": kind = .accuracy
    case "binaryaccuracy", "binary_accuracy":
      var attributes = Attributes(className: "BinaryAccuracy", object: config)
      for ignored in ["name", "dtype"] { _ = attributes.value(ignored) }
      let threshold = Float(try attributes.number("threshold", default: 0.5))
      try attributes.finish()
      kind = .fixed(.binaryAccuracy(threshold: threshold))
    case "categoricalaccuracy", "categorical_accuracy": kind = .fixed(.categoricalAccuracy)
    case "sparsecategoricalaccuracy", "sparse_categorical_accuracy":
      kind = .fixed(.sparseCategoricalAccuracy)
    default:
      guard Loss.className(name) != nil else {
        throw unknownName(
          name, kind: "metric",
          known: Metric.accuracies + ["mean_squared_error", "mse", "binary_crossentropy"])
      }
      kind = .fixed(.loss(try Loss.function(description)))
    }
  }

  /// Keras's choice (`keras/src/trainers/compile_utils.py`): one prediction per row is binary;
  /// targets with an axis less, or a last axis of 1, are class numbers; others are one-hot.
  ///
  /// - Parameter loss: Says whether targets are class numbers: the two always go together here,
  ///   because data that does not suit the loss is refused.
  func function(output: Shape, loss: LossFunction) -> MetricFunction {
    switch kind {
    case .fixed(let function): return function
    case .accuracy:
      if output.last == 1 { return .binaryAccuracy(threshold: 0.5) }
      return loss.takesLabels ? .sparseCategoricalAccuracy : .categoricalAccuracy
    }
  }
}
