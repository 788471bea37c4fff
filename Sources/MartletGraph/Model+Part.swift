import MartletTensors

/// A tensor of a graph, as descriptions name it: `[layer, call, output]`.
struct TensorReference {
  let layer: String
  let call: Int
  let output: Int

  init(_ value: JSONValue) throws(MartletError) {
    guard case .array(let parts) = value, parts.count == 3, case .text(let layer) = parts[0],
      case .integer(let call) = parts[1], case .integer(let output) = parts[2]
    else {
      throw .invalidArgument(
        "expected [layer, call, output] for a tensor, received \(value.excerpt())")
    }
    (self.layer, self.call, self.output) = (layer, call, output)
  }
}

extension Model {
  /// A model of the same inputs and layers, with their weights shared, that gives what is between them.
  ///
  /// - Parameters:
  ///   - outputs: Tensors as `describe` names them, or names of layers that are called once and have
  ///     one output.
  ///   - name: `nil` for an automatic one.
  /// - Throws: `invalidArgument` for what is not in this model, with the nearest name.
  package func part(
    outputs: [JSONValue], name: String? = nil
  ) throws(MartletError) -> Model {
    let made = graph.symbols
    let calls = Dictionary(grouping: made, by: { $0[0].layer.name })
    func symbol(_ written: JSONValue) throws(MartletError) -> Symbol {
      if case .text(let layer) = written {
        let calls = try found(layer, calls)
        guard calls.count == 1, calls[0].count == 1 else {
          throw .invalidArgument(
            "layer '\(layer)' gives \(calls.reduce(0) { $0 + $1.count }) tensors in model "
              + "'\(self.name)': name one as [\"\(layer)\", call, output]")
        }
        return calls[0][0]
      }
      let reference = try TensorReference(written)
      let outputs = try found(reference.layer, calls)
        .first { $0[0].node.callIndex == reference.call }
      guard let outputs, outputs.indices.contains(reference.output) else {
        throw .invalidArgument("there is no tensor \(written.excerpt()) in model '\(self.name)'")
      }
      return outputs[reference.output]
    }
    var chosen: [Symbol] = []
    for output in outputs { chosen.append(try symbol(output)) }
    return try Model(
      inputs: graph.inputs.map { made[$0.step][$0.output] }, outputs: chosen, name: name)
  }

  private func found(
    _ layer: String, _ calls: [String: [[Symbol]]]
  ) throws(MartletError) -> [[Symbol]] {
    guard let found = calls[layer] else {
      throw unknownName(layer, kind: "layer of model '\(name)'", known: calls.keys)
    }
    return found
  }
}

extension Layer {
  /// The number, among `weights`, of one that goes by this name in files: `dense/kernel` of a model, of
  /// a layer `kernel`.
  ///
  /// - Throws: `invalidArgument` for an unknown name, with the nearest one.
  package func weightIndex(named name: String) throws(MartletError) -> Int {
    let names =
      (self as? Model)?.namedWeights.map(\.path) ?? weights.map(\.variable.name)
    guard let index = names.firstIndex(of: name) else {
      throw unknownName(name, kind: "weight of '\(self.name)'", known: names)
    }
    return index
  }
}
