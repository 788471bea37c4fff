import MartletOps
import MartletTensors

/// The place where data enters a model. Called once, on nothing.
package struct InputLayer: ConfigurableLayerKind {
  package static let className = "InputLayer"
  /// Of one sample.
  let shape: OpenShape
  /// What the data is expected to be. Computing is in single precision whatever it says.
  private let elementType: String

  /// Axes of a sample: with the batch they are as many as an array may have.
  static let largestRank = 7

  package init(shape: OpenShape) throws(MartletError) {
    guard shape.rank <= InputLayer.largestRank else {
      throw .invalidArgument(
        "an input has at most \(InputLayer.largestRank) axes beside the batch, received \(shape)")
    }
    self.shape = shape
    elementType = "float32"
  }

  package init(_ attributes: inout Attributes) throws(MartletError) {
    var extents: [Int?]
    if attributes.value("shape") == nil, attributes.value("batch_shape") != nil {
      let whole = try attributes.extents("batch_shape")
      guard let batch = whole.first, batch == nil else {
        throw attributes.invalid(
          "batch_shape", expected: "null in front: batches may be of any size", .extents(whole))
      }
      extents = Array(whole.dropFirst())
    } else {
      extents = try attributes.extents("shape")
      try attributes.absent("batch_shape", "shape is given")
    }
    for unsupported in ["sparse", "ragged", "optional"] {
      if try attributes.flag(unsupported, default: false) {
        throw attributes.invalid(unsupported, expected: "false", true)
      }
    }
    do {
      self = try InputLayer(shape: OpenShape(extents))
    } catch {
      throw MartletError(error.kind, "InputLayer: \(error.message)")
    }
  }

  package var configuration: JSONObject { [:] }

  /// An input's configuration has neither `trainable` nor the policy object of other layers.
  func configuration(name: String) -> JSONObject {
    [
      "batch_shape": .extents([nil] + shape.extents),
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
    [program.addInput(shape.small)]
  }
}

extension Layer {
  /// A new input of a model.
  ///
  /// - Parameters:
  ///   - shape: Of one sample.
  ///   - name: `nil` for an automatic one.
  package static func input(_ shape: Shape, name: String? = nil) throws(MartletError) -> Symbol {
    try input(OpenShape(shape), name: name)
  }

  package static func input(
    _ shape: OpenShape, name: String? = nil
  ) throws(MartletError) -> Symbol {
    if let name { try CommonAttributes.check(name: name) }
    return try Layer(kind: InputLayer(shape: shape), name: name)()
  }
}
