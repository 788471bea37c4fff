import MartletTensors

/// A tensor to be: one output of one call of a layer.
package struct Symbol: Hashable, Sendable {
  package let node: Node
  package let output: Int

  package var layer: Layer { node.layer }
  /// Of one sample.
  package var shape: OpenShape { node.outputShapes[output] }

  package static func == (a: Symbol, b: Symbol) -> Bool {
    a.node === b.node && a.output == b.output
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(node))
    hasher.combine(output)
  }
}

/// One call of a layer. Knows what it was called on, so symbols carry their whole history; layers
/// do not know their nodes, so there are no cycles.
package final class Node: @unchecked Sendable {
  package let layer: Layer
  /// How many calls of the layer came before.
  package let callIndex: Int
  package private(set) var inputs: [Symbol]
  package let outputShapes: [OpenShape]

  init(layer: Layer, callIndex: Int, inputs: [Symbol], outputShapes: [OpenShape]) {
    self.layer = layer
    self.callIndex = callIndex
    self.inputs = inputs
    self.outputShapes = outputShapes
  }

  package var outputs: [Symbol] { outputShapes.indices.map { Symbol(node: self, output: $0) } }

  /// Takes a history apart link by link: left to the compiler, a chain of a hundred thousand calls
  /// would be released in as many nested functions and overflow the stack.
  deinit {
    var pending = inputs.map(\.node)
    inputs = []
    while var node = pending.popLast() {
      guard isKnownUniquelyReferenced(&node) else { continue }
      pending += node.inputs.map(\.node)
      node.inputs = []
    }
  }
}
