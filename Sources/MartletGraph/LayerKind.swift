import MartletKernelTable
import MartletOps
import MartletTensors

/// What makes a `Conv2D` a `Conv2D`: its own arguments, the weights they ask for, and how it is said
/// in primitive operations. A kind is a value; name, weights and calls belong to `Layer`.
///
/// Shapes are those of one sample. The output shapes of a call come from lowering it, so that every
/// shape rule stands once, in the operations.
package protocol LayerKind: Sendable {
  /// Keras's name of the class.
  var className: String { get }

  /// The arguments, defaults included, in Keras's spelling and order; without those that all layers
  /// share.
  var configuration: JSONObject { get }

  /// Whether a call makes weights. A kind without counts as built from the start.
  var hasWeights: Bool { get }

  /// The weights for inputs of these shapes, trainable ones first, in Keras's order.
  ///
  /// Also the place to refuse inputs: it is asked at every call, before `lower`.
  func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest]

  /// The axis of the input that the extents of the weights follow, as Keras counts: with the batch,
  /// negative from the end.
  var weightAxis: Int { get }

  /// Appends the layer's operations to a program.
  ///
  /// - Returns: One value per output.
  func lower(_ call: LayerCall, into program: inout Program) throws(MartletError)
    -> [Program.ValueID]

  var outputCount: Int { get }

  /// Layers within this one, for a model.
  var sublayers: [Layer] { get }

  /// The key of the random numbers that its operations draw; `nil` where they draw none.
  var randomKey: RandomKey? { get }

  /// Whether `trainable` stands in the layer's configuration. Where Keras's class does not take that
  /// argument it could not read it back.
  var tellsTrainability: Bool { get }
}

extension LayerKind {
  package var hasWeights: Bool { false }
  package var weightAxis: Int { -1 }
  package var outputCount: Int { 1 }
  package var sublayers: [Layer] { [] }
  package var randomKey: RandomKey? { nil }
  package var tellsTrainability: Bool { true }
}

/// A kind that is made from its arguments: all but models.
package protocol ConfigurableLayerKind: LayerKind {
  static var className: String { get }
  /// Reads the arguments. Those that nobody read are refused afterwards.
  init(_ attributes: inout Attributes) throws(MartletError)
}

extension ConfigurableLayerKind {
  package var className: String { Self.className }
}

/// A weight that a layer wants to have.
package struct WeightRequest: Sendable {
  let name: String
  let shape: Shape
  let initializer: Initializer
  let isTrainable: Bool
  let penalty: Penalty?
  let projection: Projection?

  init(
    _ name: String, _ extents: [Int], _ initializer: Initializer, isTrainable: Bool = true
  ) throws(MartletError) {
    try self.init(
      extents, WeightRules(name: name, initializer: initializer), isTrainable: isTrainable)
  }

  /// - Parameter name: Where it is not the one that the arguments are named after.
  init(
    _ extents: [Int], _ rules: WeightRules, name: String? = nil, isTrainable: Bool = true
  ) throws(MartletError) {
    let name = name ?? rules.name
    self.name = name
    initializer = rules.initializer
    self.isTrainable = isTrainable
    penalty = rules.regularizer?.penalty
    do {
      shape = try Shape(extents)
      projection = try rules.constraint?.projection(of: shape)
    } catch {
      throw MartletError(error.kind, "weight '\(name)': \(error.message)")
    }
  }

  /// The weight, of zeros.
  ///
  /// - Throws: `outOfMemory`.
  func variable() throws(MartletError) -> Variable {
    try Variable(
      name: name, shape: shape, isTrainable: isTrainable, penalty: penalty, projection: projection)
  }
}

/// One use of a layer, as its kind sees it while lowering.
package struct LayerCall {
  package let inputs: [Program.ValueID]
  package let variables: [Variable]
  /// The layer's name, for the instructions.
  package let layer: String
  package let isTrainable: Bool
  /// What the layer's policy asks of products; `nil` for what the plan does.
  package let precision: ProductPrecision?
}

// MARK: - Checks that several kinds share

/// The one input of a layer that takes one.
func onlyInput(_ inputs: [Shape]) throws(MartletError) -> Shape {
  guard inputs.count == 1, let input = inputs.first else {
    throw .invalidArgument("expected 1 input, received \(inputs.count)")
  }
  return input
}

/// Refuses an empty list to a layer that merges.
func someInputs(_ inputs: [Shape]) throws(MartletError) {
  guard !inputs.isEmpty else {
    throw .invalidArgument("expected a list of at least 1 input, received none")
  }
}

/// The one input of a layer that works on images.
///
/// - Returns: Its height, width and channels.
func imageInput(
  _ inputs: [Shape], _ format: DataFormat = .channelsLast
) throws(MartletError) -> (height: Int, width: Int, channels: Int) {
  let input = try onlyInput(inputs)
  guard input.rank == 3 else {
    var message =
      "expected an input of 4 axes \(format.axes), received \(input.batchDescription)"
    if input.rank == 2 {
      let extents =
        format == .channelsLast ? "\(input[0]), \(input[1]), 1" : "1, \(input[0]), \(input[1])"
      message += "; images without a channel axis become some with Reshape((\(extents)))"
    }
    throw .invalidArgument(message)
  }
  return switch format {
  case .channelsLast: (input[0], input[1], input[2])
  case .channelsFirst: (input[1], input[2], input[0])
  }
}

/// Turns Keras's axis, which counts the batch and may count from the end, into one of the sample's.
func sampleAxis(_ axis: Int, of input: Shape) throws(MartletError) -> Int {
  let rank = input.rank + 1
  guard axis >= -rank, axis < rank else {
    throw .invalidArgument(
      "axis \(axis) is out of range for an input of shape \(input.batchDescription)")
  }
  let counted = axis < 0 ? axis + rank : axis
  guard counted > 0 else {
    throw .invalidArgument(
      "axis \(axis) of an input of shape \(input.batchDescription) is the batch; "
        + "layers work on each sample alone")
  }
  return counted - 1
}
