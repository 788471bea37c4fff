import MartletGraph
import MartletKernelTable
import MartletTensors

/// The losses by Keras's names.
package enum Loss {
  /// Class name and function name of each.
  private static let names = [
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "BinaryCrossentropy": "binary_crossentropy",
    "MeanSquaredError": "mean_squared_error",
  ]
  private static let shortNames = ["mse": "MeanSquaredError", "bce": "BinaryCrossentropy"]

  /// - Parameter description: `{"class_name": "MeanSquaredError", "config": {…}}`, or the name of
  ///   the class or function alone.
  package static func function(_ description: JSONValue) throws(MartletError) -> LossFunction {
    let (name, config) = try describedClass(description, "loss")
    guard let className = className(name) else {
      throw unknownName(name, kind: "loss", known: Array(names.values) + Array(shortNames.keys))
    }
    var attributes = Attributes(className: className, object: config)
    for ignored in ["name", "dtype"] { _ = attributes.value(ignored) }
    let reduction = try attributes.text("reduction", default: "sum_over_batch_size")
    guard reduction == "sum_over_batch_size" else {
      throw attributes.invalid(
        "reduction", expected: "'sum_over_batch_size' in this version", .text(reduction))
    }
    let function: LossFunction
    switch className {
    case "MeanSquaredError": function = .meanSquaredError
    default:
      let fromLogits = try attributes.flag("from_logits", default: false)
      let axis = try attributes.integer("axis", default: -1)
      guard axis == -1 else {
        throw attributes.invalid("axis", expected: "-1 in this version", .integer(axis))
      }
      if className == "SparseCategoricalCrossentropy" {
        try attributes.absent("ignore_class", "is not part of this version")
        function = .sparseCategoricalCrossentropy(fromLogits: fromLogits)
      } else {
        let smoothing = Float(
          try attributes.number("label_smoothing", default: 0, atLeast: 0, atMost: 1))
        function =
          className == "CategoricalCrossentropy"
          ? .categoricalCrossentropy(fromLogits: fromLogits, labelSmoothing: smoothing)
          : .binaryCrossentropy(fromLogits: fromLogits, labelSmoothing: smoothing)
      }
    }
    try attributes.finish()
    return function
  }

  /// The class that a class name, function name or short name means, letter case ignored.
  static func className(_ name: String) -> String? {
    let wanted = name.lowercased()
    return shortNames[wanted]
      ?? names.first { $0.key.lowercased() == wanted || $0.value == wanted }?.key
  }
}

extension LossFunction {
  /// For messages: the name users write.
  package var kerasName: String {
    switch self {
    case .sparseCategoricalCrossentropy: "sparse_categorical_crossentropy"
    case .categoricalCrossentropy: "categorical_crossentropy"
    case .binaryCrossentropy: "binary_crossentropy"
    case .meanSquaredError: "mean_squared_error"
    }
  }
}
