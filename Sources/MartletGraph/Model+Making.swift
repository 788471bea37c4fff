import MartletOps
import MartletTensors

/// Where the values of weights come from that no initializer makes.
package protocol WeightSource: AnyObject {
  /// Asked before there is memory for a weight.
  ///
  /// - Parameter path: As `Model.namedWeights` has it.
  /// - Throws: If there is no such weight, or none of this shape.
  func expect(_ path: String, _ shape: Shape) throws(MartletError)
  func fill(_ variable: Variable, at path: String) throws(MartletError)
}

extension Model {
  /// The model that `describe` told of, with the weights of a source.
  ///
  /// - Throws: `invalidArgument` where the description names what is not there, calls that wait for each
  ///   other, or weights that the source does not have; and what making each layer throws.
  package static func make(
    _ description: JSONObject, weights: any WeightSource
  ) throws(MartletError) -> Model {
    let maker = ModelMaker(weights: weights)
    let model = try maker.model(description, at: "")
    try maker.settleTrainability(of: model, description)
    return model
  }
}

/// Makes the layers of a description, and of those within it.
private final class ModelMaker {
  private let weights: any WeightSource
  /// All layers so far, by the names of the models around them and their own.
  private var layers: [String: Layer] = [:]
  private var places: [ObjectIdentifier: String] = [:]

  init(weights: any WeightSource) { self.weights = weights }

  /// - Parameter path: Names of the models around what is described, each with a slash behind it.
  func model(_ description: JSONObject, at path: String) throws(MartletError) -> Model {
    var calls = GraphCalls()
    for entry in try description.objects("layers") {
      let name = try entry.text("name")
      let nodes = try entry.objects("nodes")
      if try entry.text("class_name") == InputLayer.className {
        calls.add(try Layer.input(try GraphCalls.inputShape(nodes), name: name))
        continue
      }
      try calls.add(try layer(entry, at: path + name), name: name, nodes: nodes)
    }
    try calls.run { layer, inputs throws(MartletError) in try self.call(layer, inputs) }
    return try Model(
      inputs: calls.symbols(try description.array("inputs")),
      outputs: calls.symbols(try description.array("outputs")),
      className: description.text("class_name"), name: description.text("name"))
  }

  private func layer(_ entry: JSONObject, at place: String) throws(MartletError) -> Layer {
    if entry["shared_with"] != nil {
      let first = try entry.text("shared_with")
      guard let shared = layers[first] else {
        throw .invalidArgument("layer '\(place)' is shared with '\(first)', which is not there")
      }
      return shared
    }
    let className = try entry.text("class_name")
    let made: Layer
    do {
      made =
        entry["layers"] == nil
        ? try LayerRegistry.make(className, try entry.object("config"))
        : try model(entry, at: "\(place)/")
    } catch {
      throw error.inLayer(place)
    }
    layers[place] = made
    places[ObjectIdentifier(made)] = place
    return made
  }

  private func call(_ layer: Layer, _ inputs: [Symbol]) throws(MartletError) -> [Symbol] {
    let place = places[ObjectIdentifier(layer)] ?? layer.name
    return try layer.call(inputs) { request throws(MartletError) in
      let path = "\(place)/\(request.name)"
      try weights.expect(path, request.shape)
      let variable = try request.variable()
      try weights.fill(variable, at: path)
      return variable
    }
  }

  /// From the outside in: setting it for a model sets it for all within.
  func settleTrainability(of model: Model, _ description: JSONObject) throws(MartletError) {
    model.isTrainable = try description.flag("trainable")
    let layers = Dictionary(
      model.layers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for entry in try description.objects("layers") {
      guard let layer = layers[try entry.text("name")] else { continue }
      if let inner = layer as? Model {
        try settleTrainability(of: inner, entry)
      } else {
        layer.isTrainable = try entry.flag("trainable")
      }
    }
  }
}

/// The calls of one graph: each is made when its inputs are there, and those of its layer before it.
private struct GraphCalls {
  private struct Reference: Hashable {
    let layer: String
    let call: Int

    init(layer: String, call: Int) {
      self.layer = layer
      self.call = call
    }

    init(_ tensor: TensorReference) { self.init(layer: tensor.layer, call: tensor.call) }
  }

  private struct Call {
    let layer: Layer
    let name: String
    let number: Int
    let inputs: [JSONValue]
    /// What it still waits for.
    var missing = 0
  }

  private var calls: [Call] = []
  private var made: [Reference: [Symbol]] = [:]

  static func inputShape(_ nodes: [JSONObject]) throws(MartletError) -> OpenShape {
    guard nodes.count == 1, let shape = try nodes[0].array("output_shapes").first,
      case .array(let extents) = shape
    else {
      throw .invalidArgument("an input needs one call with one shape")
    }
    var result: [Int?] = []
    for extent in extents {
      switch extent {
      case .integer(let extent): result.append(extent)
      case .null: result.append(nil)
      default: throw .invalidArgument("\(shape.excerpt()) is no shape of an input")
      }
    }
    return try OpenShape(result)
  }

  mutating func add(_ input: Symbol) {
    made[Reference(layer: input.layer.name, call: 0)] = [input]
  }

  mutating func add(
    _ layer: Layer, name: String, nodes: [JSONObject]
  ) throws(MartletError) {
    for (number, node) in nodes.enumerated() {
      calls.append(
        Call(layer: layer, name: name, number: number, inputs: try node.array("inputs")))
    }
  }

  /// In time that grows with the number of inputs of all calls, whatever order they are described in.
  mutating func run(
    _ call: (Layer, [Symbol]) throws(MartletError) -> [Symbol]
  ) throws(MartletError) {
    var waiting: [Reference: [Int]] = [:]
    var ready: [Int] = []
    for index in calls.indices {
      for needed in try needs(of: calls[index]) where made[needed] == nil {
        waiting[needed, default: []].append(index)
        calls[index].missing += 1
      }
      if calls[index].missing == 0 { ready.append(index) }
    }
    var done = 0
    while done < ready.count {
      let next = calls[ready[done]]
      done += 1
      let outputs = try call(next.layer, try symbols(next.inputs))
      let reference = Reference(layer: next.name, call: next.number)
      made[reference] = outputs
      for index in waiting.removeValue(forKey: reference) ?? [] {
        calls[index].missing -= 1
        if calls[index].missing == 0 { ready.append(index) }
      }
    }
    if let left = calls.first(where: { $0.missing > 0 }) {
      throw .invalidArgument(
        "layer '\(left.name)' waits for layers that are not there, or that wait for it")
    }
  }

  private func needs(of call: Call) throws(MartletError) -> [Reference] {
    var needed = call.number > 0 ? [Reference(layer: call.name, call: call.number - 1)] : []
    for input in call.inputs { needed.append(Reference(try TensorReference(input))) }
    return needed
  }

  func symbols(_ references: [JSONValue]) throws(MartletError) -> [Symbol] {
    var symbols: [Symbol] = []
    for written in references {
      let reference = try TensorReference(written)
      guard let outputs = made[Reference(reference)], outputs.indices.contains(reference.output)
      else { throw .invalidArgument("there is no tensor \(written.excerpt())") }
      symbols.append(outputs[reference.output])
    }
    return symbols
  }
}

extension JSONObject {
  package func text(_ key: String) throws(MartletError) -> String {
    guard case .text(let text)? = self[key] else { throw wrong(key, "a text") }
    return text
  }

  package func flag(_ key: String) throws(MartletError) -> Bool {
    guard case .boolean(let flag)? = self[key] else { throw wrong(key, "true or false") }
    return flag
  }

  package func object(_ key: String) throws(MartletError) -> JSONObject {
    guard case .object(let object)? = self[key] else { throw wrong(key, "an object") }
    return object
  }

  package func array(_ key: String) throws(MartletError) -> [JSONValue] {
    guard case .array(let elements)? = self[key] else { throw wrong(key, "a list") }
    return elements
  }

  package func objects(_ key: String) throws(MartletError) -> [JSONObject] {
    var objects: [JSONObject] = []
    for element in try array(key) {
      guard case .object(let object) = element else { throw wrong(key, "a list of objects") }
      objects.append(object)
    }
    return objects
  }

  private func wrong(_ key: String, _ expected: String) -> MartletError {
    let given = self[key].map { "received \($0.excerpt())" } ?? "it is missing"
    return .invalidArgument("\"\(key)\" must be \(expected), \(given)")
  }
}
