import MartletGraph
import MartletTensors

/// Models seen as the calls they consist of.
extension MartletGraph.Model {
  /// Symbols for the inputs and outputs, with a history between them that is the model's graph: what it
  /// was made of, or would be. The calls are those that there were; the layers do not count them again.
  var symbols: (inputs: [MartletGraph.Symbol], outputs: [MartletGraph.Symbol]) {
    let made = graph.symbols
    func symbol(_ tensor: Graph.Tensor) -> MartletGraph.Symbol { made[tensor.step][tensor.output] }
    return (graph.inputs.map(symbol), graph.outputs.map(symbol))
  }

  /// The calls in the order in which they are worked out: the shapes that each gives, and the layers
  /// whose outputs it is called on.
  var calls: [(layer: MartletGraph.Layer, shapes: [OpenShape], inputs: [MartletGraph.Layer])] {
    graph.steps.map { step in
      (step.layer, step.outputShapes, step.inputs.map { graph.steps[$0.step].layer })
    }
  }
}

extension MartletGraph.Symbol {
  /// The calls that outputs follow from, back to the inputs, each once.
  static func nodes(from inputs: [MartletGraph.Symbol], to outputs: [MartletGraph.Symbol]) -> [Node]
  {
    var seen = Set(inputs.map { ObjectIdentifier($0.node) })
    var found = inputs.map(\.node)
    var open = outputs.map(\.node)
    while let node = open.popLast() {
      guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
      found.append(node)
      open += node.inputs.map(\.node)
    }
    return found
  }
}
