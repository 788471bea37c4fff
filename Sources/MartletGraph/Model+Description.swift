import MartletTensors

extension Model {
  /// The model as JSON, in the form that `martlet_model_describe` documents.
  package func describe() -> JSONObject {
    graphLock.withLock { Model.outline(of: self, graph) }
  }

  private static func outline(of layer: Layer, _ graph: Graph) -> JSONObject {
    [
      "class_name": .text(layer.className), "name": .text(layer.name),
      "inputs": .array(graph.inputs.map { graph.reference(to: $0) }),
      "outputs": .array(graph.outputs.map { graph.reference(to: $0) }),
      "layers": .array(graph.layerDescriptions),
    ]
  }

  fileprivate static func entry(for layer: Layer, nodes: [JSONValue]) -> JSONObject {
    let variables = layer.variables
    var result: JSONObject = [
      "class_name": .text(layer.className), "name": .text(layer.name),
      "config": .object(layer.configuration), "trainable": .boolean(layer.isTrainable),
      "parameters": .integer(variables.reduce(0) { $0 + $1.count }),
      "trainable_parameters": .integer(
        variables.filter(\.receivesGradient).reduce(0) { $0 + $1.count }),
      "nodes": .array(nodes),
    ]
    if let model = layer.kind as? ModelKind {
      let inner = outline(of: layer, model.graph)
      for key in ["inputs", "outputs", "layers"] { result[key] = inner[key] }
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

  fileprivate var layerDescriptions: [JSONValue] {
    var calls: [ObjectIdentifier: [(Int, JSONValue)]] = [:]
    for step in steps {
      let node: JSONValue = [
        "inputs": .array(step.inputs.map { reference(to: $0) }),
        "output_shapes": .array(step.outputShapes.map { .extents($0.extents) }),
      ]
      calls[ObjectIdentifier(step.layer), default: []].append((step.call, node))
    }
    return layers.map { layer in
      let nodes = (calls[ObjectIdentifier(layer)] ?? []).sorted { $0.0 < $1.0 }.map(\.1)
      return .object(Model.entry(for: layer, nodes: nodes))
    }
  }
}
