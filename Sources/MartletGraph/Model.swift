import MartletOps
import MartletTensors

/// A graph of layers with inputs and outputs; also a layer itself, to be called in other graphs with
/// its weights shared.
package final class Model: Layer, @unchecked Sendable {
  package let graph: Graph

  /// How deep models may stand within models: every level costs stack in each walk through them.
  static let largestDepth = 64

  /// - Parameters:
  ///   - className: What descriptions call it; a `Sequential` is a graph like any other here.
  ///   - name: `nil` for an automatic one.
  package init(
    inputs: [Symbol], outputs: [Symbol], className: String = "Functional", name: String? = nil
  ) throws(MartletError) {
    guard ["Functional", "Sequential"].contains(className) else {
      throw unknownName(className, kind: "model class", known: ["Functional", "Sequential"])
    }
    if let name { try CommonAttributes.check(name: name) }
    graph = try Graph(inputs: inputs, outputs: outputs)
    let kind = ModelKind(className: className, graph: graph)
    guard kind.depth <= Model.largestDepth else {
      throw .invalidArgument("models may stand at most \(Model.largestDepth) deep in each other")
    }
    super.init(kind: kind, name: name)
  }

  /// In Keras's order, inputs among them.
  package var layers: [Layer] { graph.layers }

  /// The weights as files name them, in the order of `weights`: the names of the models around a layer,
  /// of the layer and of the weight, `encoder/dense/kernel`. Since no name of a layer has a slash in it,
  /// no two are the same.
  package var namedWeights: [(path: String, variable: Variable)] {
    var seen = Set<ObjectIdentifier>()
    return graphLock.withLock { graph.namedWeights(within: "", &seen) }
  }

  /// The keys of the layers that draw random numbers, each once, in Keras's order.
  package var randomKeys: [RandomKey] {
    var seen = Set<ObjectIdentifier>()
    func keys(of layer: Layer) -> [RandomKey] {
      guard seen.insert(ObjectIdentifier(layer)).inserted else { return [] }
      return (layer.kind.randomKey.map { [$0] } ?? []) + layer.kind.sublayers.flatMap(keys)
    }
    return keys(of: self)
  }

  /// Shapes of one sample, in the order the inputs and outputs were given.
  package var inputShapes: [OpenShape] { graph.inputs.map { graph.shape(of: $0) } }
  package var outputShapes: [OpenShape] { graph.outputs.map { graph.shape(of: $0) } }

  /// Names of the layers that the inputs and outputs come from.
  package var inputNames: [String] { graph.inputs.map { graph.steps[$0.step].layer.name } }
  package var outputNames: [String] { graph.outputs.map { graph.steps[$0.step].layer.name } }

  /// The model as primitive operations, the models within it dissolved. `inputs` and `outputs` of the
  /// program are in the order given; an output may be an input, and may appear twice.
  ///
  /// Sees `isTrainable` as it is now.
  ///
  /// - Parameter shapes: Of one sample of each input; trial sizes stand in for open ones without.
  /// - Throws: `invalidArgument` where a layer cannot work on inputs of this size.
  package func lower(_ shapes: [Shape]? = nil) throws(MartletError) -> Program {
    try graphLock.withLock { () throws(MartletError) in
      var program = Program()
      let values = (shapes ?? inputShapes.map(\.small)).map { program.addInput($0) }
      program.outputs = try graph.lower(values, into: &program)
      try program.settleWeights()
      return program
    }
  }
}

extension Model {
  /// Appends the model's operations to a program: a call of it on values that are there.
  package func lower(
    on values: [Program.ValueID], into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    graphLock.lock()
    defer { graphLock.unlock() }
    return try lower(values, into: &program)
  }
}

/// A model seen as a layer of another.
struct ModelKind: LayerKind {
  let className: String
  let graph: Graph

  /// Levels of models, this one included.
  var depth: Int {
    1 + (graph.layers.compactMap { ($0.kind as? ModelKind)?.depth }.max() ?? 0)
  }

  var configuration: JSONObject { [:] }
  var outputCount: Int { graph.outputs.count }
  var sublayers: [Layer] { graph.layers }

  func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let expected = graph.inputs.map { graph.shape(of: $0) }
    guard inputs.count == expected.count else {
      let noun = expected.count == 1 ? "input" : "inputs"
      throw .invalidArgument("expected \(expected.count) \(noun), received \(inputs.count)")
    }
    for (input, expected) in zip(inputs, expected)
    where expected.fitted(to: input.extents) == nil {
      throw .invalidArgument(
        "expected an input of shape \(expected.batchDescription), "
          + "received \(input.batchDescription)")
    }
    return []
  }

  func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    var inputs: [Program.ValueID] = []
    for (value, tensor) in zip(call.inputs, graph.inputs) {
      let found = program.shapes[value]
      let shape = graph.shape(of: tensor).fitted(to: found.extents) ?? found
      inputs.append(
        found == shape
          ? value
          : try program.apply(ReshapeOp(shape: shape), to: [value], layer: call.layer))
    }
    return try graph.lower(inputs, into: &program)
  }
}

extension Graph {
  fileprivate func namedWeights(
    within path: String, _ seen: inout Set<ObjectIdentifier>
  ) -> [(path: String, variable: Variable)] {
    var found: [(path: String, variable: Variable)] = []
    for layer in layers where seen.insert(ObjectIdentifier(layer)).inserted {
      let place = "\(path)\(layer.name)/"
      if let model = layer.kind as? ModelKind {
        found += model.graph.namedWeights(within: place, &seen)
      } else {
        found += layer.variables.map { (place + $0.name, $0) }
      }
    }
    return found
  }

  func shape(of tensor: Tensor) -> OpenShape { steps[tensor.step].outputShapes[tensor.output] }

  /// Appends the graph's operations to a program.
  ///
  /// - Parameter inputs: Values of the shapes of the graph's inputs.
  func lower(
    _ inputs: [Program.ValueID], into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    // The first steps are the inputs.
    var values = inputs.map { [$0] }
    for step in steps.dropFirst(inputs.count) {
      let sources = step.inputs.map { values[$0.step][$0.output] }
      values.append(try step.layer.lower(sources, into: &program))
    }
    return outputs.map { values[$0.step][$0.output] }
  }
}
