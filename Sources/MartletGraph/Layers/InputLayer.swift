import MartletOps
import MartletTensors

/// The place where data enters a model. Called once, on nothing.
package struct InputLayer: ConfigurableLayerKind {
  package static let className = "InputLayer"
  /// Of one sample.
  let shape: Shape
  /// What the data is expected to be. Computing is in single precision whatever it says.
  private let elementType: String

  /// Axes of a sample: with the batch they are as many as an array may have.
  static let largestRank = 7

  package init(shape: Shape) throws(MartletError) {
    guard shape.rank <= InputLayer.largestRank else {
      throw .invalidArgument(
        "an input has at most \(InputLayer.largestRank) axes beside the batch, received \(shape)")
    }
    self.shape = shape
    elementType = "float32"
  }

  package init(_ attributes: inout Attributes) throws(MartletError) {
    var extents: [Int]
    if attributes.value("shape") != nil {
      extents = try attributes.integers("shape")
      try attributes.absent("batch_shape", "shape is given")
    } else if case .array(let whole)? = attributes.value("batch_shape"), let batch = whole.first {
      guard batch.isNull else {
        throw attributes.invalid(
          "batch_shape", expected: "null in front: batches may be of any size", .array(whole))
      }
      extents = []
      for case .integer(let extent) in whole.dropFirst() { extents.append(extent) }
      guard extents.count == whole.count - 1 else {
        throw attributes.invalid(
          "batch_shape", expected: "null followed by known extents", .array(whole))
      }
    } else {
      extents = try attributes.integers("shape")
    }
    for unsupported in ["sparse", "ragged", "optional"] {
      if try attributes.flag(unsupported, default: false) {
        throw attributes.invalid(unsupported, expected: "false", true)
      }
    }
    do {
      self = try InputLayer(shape: Shape(extents))
    } catch {
      throw MartletError(error.kind, "InputLayer: \(error.message)")
    }
  }

  package var configuration: JSONObject { [:] }

  /// An input's configuration has neither `trainable` nor the policy object of other layers.
  func configuration(name: String) -> JSONObject {
    [
      "batch_shape": .array([.null] + shape.extents.map { .integer($0) }),
      "dtype": .text(elementType), "sparse": false, "ragged": false, "name": .text(name),
      "optional": false,
    ]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    guard inputs.isEmpty else {
      throw .invalidArgument("expected no inputs, received \(inputs.count)")
    }
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    [program.addInput(shape)]
  }
}

extension Layer {
  /// A new input of a model.
  ///
  /// - Parameters:
  ///   - shape: Of one sample.
  ///   - name: `nil` for an automatic one.
  package static func input(_ shape: Shape, name: String? = nil) throws(MartletError) -> Symbol {
    if let name { try CommonAttributes.check(name: name) }
    return try Layer(kind: InputLayer(shape: shape), name: name)()
  }
}
