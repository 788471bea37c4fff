import MartletGraph
import MartletTensors
import MartletTraining

/// A network from input to output symbols, which can be trained, evaluated, used and stored; also a
/// ``Layer``, to be called in other models with its weights shared.
///
/// ```swift
/// let image = Input(28, 28, 1)
/// var x = try Conv2D(filters: 16, kernelSize: 3, activation: .relu)(image)
/// x = try GlobalAveragePooling2D()(x)
/// let model = try Model(inputs: image, outputs: Dense(units: 10, activation: .softmax)(x))
/// ```
///
/// A model may be used from any task: calls wait for each other, and for those of models that share
/// layers with it. Different models run side by side.
public class Model: Layer, @unchecked Sendable {
  let session: Session

  /// The symbols that data enters by.
  public let inputs: [Symbol]

  /// The symbols that it gives.
  public let outputs: [Symbol]

  /// - Parameters:
  ///   - inputs: Usually ``Input``s. A symbol from the middle of a network may be an input as well.
  ///   - outputs: What follows from the inputs alone.
  ///   - name: `nil` for an automatic one.
  /// - Throws: ``MartletError`` where an output needs an input that is not given, or two layers have one
  ///   name.
  public convenience init(
    inputs: [any GraphValue], outputs: [any GraphValue], name: String? = nil
  ) throws(MartletError) {
    try self.init(inputs, outputs, className: "Functional", name: name)
  }

  /// The same with inputs and outputs one after the other: `Model(inputs: a, b, outputs: y)`.
  ///
  /// - Throws: As the form with lists.
  public convenience init(
    inputs: any GraphValue..., outputs: any GraphValue..., name: String? = nil
  ) throws(MartletError) {
    try self.init(inputs, outputs, className: "Functional", name: name)
  }

  init(
    _ inputs: [any GraphValue], _ outputs: [any GraphValue], className: String, name: String?
  ) throws(MartletError) {
    self.inputs = try inputs.map { value throws(MartletError) in try value.symbol }
    self.outputs = try outputs.map { value throws(MartletError) in try value.symbol }
    let model = try MartletGraph.Model(
      inputs: self.inputs.map(\.core), outputs: self.outputs.map(\.core), className: className,
      name: name)
    session = Session(model)
    super.init(model)
  }

  /// A model that a file or another model holds.
  init(_ session: Session) {
    self.session = session
    let (inputs, outputs) = session.model.symbols
    self.inputs = inputs.map { Symbol($0) }
    self.outputs = outputs.map { Symbol($0) }
    super.init(session.model)
  }

  /// What stands behind it.
  package final var coreModel: MartletGraph.Model { session.model }

  // MARK: Parts

  /// The layers in Keras's order, inputs among them, models within it not taken apart.
  ///
  /// They share the weights of the objects that the model was made of, but are objects of their own.
  public var layers: [Layer] { session.model.layers.map { Model.wrapped($0) } }

  private static func wrapped(_ layer: MartletGraph.Layer) -> Layer {
    guard let model = layer as? MartletGraph.Model else { return Layer(layer) }
    return Model(Session(model))
  }

  /// The layer of a name, to freeze it, to look at its weights, or to call it elsewhere.
  ///
  /// - Throws: ``MartletError`` with the nearest name where there is none.
  public func layer(_ name: String) throws(MartletError) -> Layer {
    Model.wrapped(try find(name))
  }

  private func find(_ name: String) throws(MartletError) -> MartletGraph.Layer {
    let layers = session.model.layers
    guard let layer = layers.first(where: { $0.name == name }) else {
      throw unknownName(name, kind: "layer", known: layers.map(\.name))
        .inLayer(session.model.name)
    }
    return layer
  }

  /// What a layer gives within this model, to make a model of it that shows inner values:
  ///
  /// ```swift
  /// let features = try Model(inputs: model.inputs, outputs: [model.output(of: "conv2d_1")])
  /// ```
  ///
  /// - Parameters:
  ///   - layer: Its name.
  ///   - call: Which call of it, where it is called several times; in the order of the calls.
  /// - Throws: ``MartletError`` with the nearest name where there is no such layer, and for a call or a
  ///   single output that there is not.
  public func output(of layer: String, call: Int = 0) throws(MartletError) -> Symbol {
    _ = try find(layer)
    let nodes = MartletGraph.Symbol.nodes(from: inputs.map(\.core), to: outputs.map(\.core))
      .filter { $0.layer.name == layer }
      .sorted { $0.callIndex < $1.callIndex }
    guard nodes.indices.contains(call) else {
      throw .invalidArgument(
        "layer '\(layer)' is called \(nodes.count) time\(nodes.count == 1 ? "" : "s") in the model, "
          + "received call \(call)")
    }
    let found = nodes[call].outputs
    guard found.count == 1 else {
      throw .invalidArgument("layer '\(layer)' has \(found.count) outputs, expected 1")
    }
    return Symbol(found[0])
  }

  /// The weights in Keras's order, by the names that files give them: the models around the layer, the
  /// layer and the weight, `encoder/dense/kernel`.
  public override var weights: [Weight] {
    session.model.namedWeights.map { Weight(name: $0.path, $0.variable, of: session.model) }
  }

  /// Numbers in all weights.
  public var parameterCount: Int { weights.reduce(0) { $0 + $1.count } }
}
