import MartletTensors

extension Model {
  /// The model as JSON, in the form that `martlet_model_describe` documents.
  package func describe() -> JSONObject {
    graphLock.withLock {
      var description = ModelDescription()
      var outline: JSONObject = [
        "class_name": .text(className), "name": .text(name), "trainable": .boolean(isTrainable),
      ]
      outline = outline.appending(description.members(of: graph, at: ""))
      return outline
    }
  }
}

/// A walk through a model and those within it.
private struct ModelDescription {
  /// Where each layer stood first.
  private var places: [ObjectIdentifier: String] = [:]

  /// - Parameter path: Names of the models around the graph, each with a slash behind it.
  mutating func members(of graph: Graph, at path: String) -> JSONObject {
    [
      "inputs": .array(graph.inputs.map { graph.reference(to: $0) }),
      "outputs": .array(graph.outputs.map { graph.reference(to: $0) }),
      "layers": .array(entries(of: graph, at: path)),
    ]
  }

  private mutating func entries(of graph: Graph, at path: String) -> [JSONValue] {
    var calls: [ObjectIdentifier: [(Int, JSONValue)]] = [:]
    for step in graph.steps {
      let node: JSONValue = [
        "inputs": .array(step.inputs.map { graph.reference(to: $0) }),
        "output_shapes": .array(step.outputShapes.map { .extents($0.extents) }),
      ]
      calls[ObjectIdentifier(step.layer), default: []].append((step.call, node))
    }
    return graph.layers.map { layer in
      let nodes = (calls[ObjectIdentifier(layer)] ?? []).sorted { $0.0 < $1.0 }.map(\.1)
      return .object(entry(for: layer, nodes: nodes, at: path + layer.name))
    }
  }

  private mutating func entry(
    for layer: Layer, nodes: [JSONValue], at place: String
  ) -> JSONObject {
    let variables = layer.variables
    var result: JSONObject = [
      "class_name": .text(layer.className), "name": .text(layer.name),
      "config": .object(layer.configuration), "trainable": .boolean(layer.isTrainable),
      "parameters": .integer(variables.reduce(0) { $0 + $1.count }),
      "trainable_parameters": .integer(
        variables.filter(\.receivesGradient).reduce(0) { $0 + $1.count }),
      "nodes": .array(nodes),
    ]
    // An input means nothing beyond its model.
    if !(layer.kind is InputLayer) {
      if let first = places[ObjectIdentifier(layer)] {
        result["shared_with"] = .text(first)
      } else {
        places[ObjectIdentifier(layer)] = place
      }
    }
    if let model = layer.kind as? ModelKind {
      result = result.appending(members(of: model.graph, at: "\(place)/"))
    } else {
      result["weights"] = .array(variables.map { .text($0.name) })
    }
    return result
  }
}

extension Graph {
  /// `[layer name, index of the call, index of the output]`.
  fileprivate func reference(to tensor: Tensor) -> JSONValue {
    let step = steps[tensor.step]
    return [.text(step.layer.name), .integer(step.call), .integer(tensor.output)]
  }
}
