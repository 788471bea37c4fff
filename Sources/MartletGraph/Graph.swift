import MartletOps
import MartletTensors

/// The layers and calls between given input and output symbols, in a form that no longer needs the
/// symbols: what a model is made of.
package struct Graph: Sendable {
  /// One output of one step.
  package struct Tensor: Hashable, Sendable {
    package let step: Int
    package let output: Int
  }

  /// One call of a layer.
  package struct Step: Sendable {
    package let layer: Layer
    /// How many calls of the layer in this graph came before.
    package fileprivate(set) var call: Int
    package let inputs: [Tensor]
    package let outputShapes: [OpenShape]
  }

  /// In an order in which every tensor is made before it is used; a branch is finished before the
  /// next one begins, so that its values are still at hand.
  package private(set) var steps: [Step] = []
  package private(set) var inputs: [Tensor] = []
  package private(set) var outputs: [Tensor] = []
  /// Each once, in Keras's order: farthest from the outputs first.
  private(set) var layers: [Layer] = []

  /// - Throws: `invalidArgument` where an output needs an input that is not given, where two layers
  ///   have one name, and for empty or repeated inputs.
  init(inputs: [Symbol], outputs: [Symbol]) throws(MartletError) {
    guard !inputs.isEmpty else { throw .invalidArgument("a model needs at least one input") }
    guard !outputs.isEmpty else { throw .invalidArgument("a model needs at least one output") }
    var walk = GraphWalk(inputs: inputs)
    for (index, input) in inputs.enumerated() where inputs[..<index].contains(input) {
      throw .invalidArgument("input '\(input.layer.name)' is given twice")
    }
    for output in outputs { try walk.visit(output) }
    try build(walk, inputs, outputs)
  }

  private mutating func build(
    _ walk: GraphWalk, _ inputs: [Symbol], _ outputs: [Symbol]
  ) throws(MartletError) {
    var tensors: [Symbol: Tensor] = [:]
    // A tensor from the middle of another graph may be an input, too: a new input takes its place,
    // as in Keras.
    var entrances: [Layer] = []
    for input in inputs {
      var layer = input.layer
      if !(layer.kind is InputLayer) {
        layer = try Layer(kind: InputLayer(shape: input.shape), name: nil)
      }
      entrances.append(layer)
      tensors[input] = Tensor(step: steps.count, output: 0)
      self.inputs.append(Tensor(step: steps.count, output: 0))
      steps.append(Step(layer: layer, call: 0, inputs: [], outputShapes: [input.shape]))
    }
    for node in walk.finished where !(node.layer.kind is InputLayer) {
      var sources: [Tensor] = []
      for input in node.inputs {
        guard let tensor = tensors[input] else { throw GraphWalk.disconnected(input, user: node) }
        sources.append(tensor)
      }
      for symbol in node.outputs where tensors[symbol] == nil {
        tensors[symbol] = Tensor(step: steps.count, output: symbol.output)
      }
      steps.append(
        Step(
          layer: node.layer, call: node.callIndex, inputs: sources,
          outputShapes: node.outputShapes))
    }
    for output in outputs {
      guard let tensor = tensors[output] else { throw GraphWalk.disconnected(output, user: nil) }
      self.outputs.append(tensor)
    }
    numberCalls()
    layers = orderedLayers(entrances: entrances, walk: walk)
    try checkNames()
  }

  /// Makes the calls of each layer count from 0, in the order they were made.
  private mutating func numberCalls() {
    var callsOfLayer: [ObjectIdentifier: [Int]] = [:]
    for (index, step) in steps.enumerated() {
      callsOfLayer[ObjectIdentifier(step.layer), default: []].append(index)
    }
    for indices in callsOfLayer.values {
      let inOrder = indices.sorted { steps[$0].call < steps[$1].call }
      for (call, index) in inOrder.enumerated() { steps[index].call = call }
    }
  }

  /// Keras's order (`map_graph` of `keras/src/ops/function.py`): by the greatest number of steps to an
  /// output, layers equally far as a walk backwards from the outputs first meets them.
  private func orderedLayers(entrances: [Layer], walk: GraphWalk) -> [Layer] {
    var isUsed = Set(outputs.map(\.step))
    for step in steps { isUsed.formUnion(step.inputs.map(\.step)) }
    var stepDepth = [Int](repeating: 0, count: steps.count)
    var layerDepth: [ObjectIdentifier: Int] = [:]
    // Backwards through an order from inputs to outputs: users before what they use.
    for index in steps.indices.reversed() {
      let layer = ObjectIdentifier(steps[index].layer)
      let depth = max(stepDepth[index], layerDepth[layer] ?? 0)
      layerDepth[layer] = depth
      stepDepth[index] = depth
      for input in steps[index].inputs {
        stepDepth[input.step] = max(stepDepth[input.step], depth + 1)
      }
    }
    // An input nobody uses stands before the outputs.
    var order = walk.firstVisits
    for (index, layer) in entrances.enumerated() {
      let id = ObjectIdentifier(layer)
      if !isUsed.contains(index) {
        order[id] = -1
      } else if order[id] == nil {
        order[id] = walk.entranceVisits[index]
      }
    }
    var seen = Set<ObjectIdentifier>()
    let all = steps.map(\.layer).filter { seen.insert(ObjectIdentifier($0)).inserted }
    func key(_ layer: Layer) -> (Int, Int) {
      let id = ObjectIdentifier(layer)
      return (-(layerDepth[id] ?? 0), order[id] ?? .max)
    }
    return all.sorted { key($0) < key($1) }
  }

  /// What every step gives, as symbols again.
  package var symbols: [[Symbol]] {
    var made: [[Symbol]] = []
    for step in steps {
      let node = Node(
        layer: step.layer, callIndex: step.call,
        inputs: step.inputs.map { made[$0.step][$0.output] }, outputShapes: step.outputShapes)
      made.append(node.outputs)
    }
    return made
  }

  private func checkNames() throws(MartletError) {
    var seen = Set<String>()
    for layer in layers where !seen.insert(layer.name).inserted {
      let count = layers.count { $0.name == layer.name }
      throw .invalidArgument(
        "the name '\(layer.name)' is used \(count) times in the model; "
          + "all layer names must be unique")
    }
  }
}

/// A walk backwards from outputs to inputs, depth first.
private struct GraphWalk {
  /// Nodes behind all those they depend on.
  private(set) var finished: [Node] = []
  /// For each layer, how many layers were met before it.
  private(set) var firstVisits: [ObjectIdentifier: Int] = [:]
  /// The same for inputs that are no input layers, by index.
  private(set) var entranceVisits: [Int: Int] = [:]

  private let inputs: [Symbol: Int]
  private var seen = Set<ObjectIdentifier>()
  private var visitCount = 0

  init(inputs: [Symbol]) {
    self.inputs = Dictionary(
      inputs.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// Walks from one output. With a stack of its own: graphs may be deeper than a thread's.
  mutating func visit(_ output: Symbol) throws(MartletError) {
    var open: [(node: Node, nextInput: Int)] = []
    try enter(output, user: nil, &open)
    while let (node, next) = open.last {
      if next < node.inputs.count {
        open[open.count - 1].nextInput += 1
        try enter(node.inputs[next], user: node, &open)
      } else {
        open.removeLast()
        finished.append(node)
      }
    }
  }

  private mutating func enter(
    _ symbol: Symbol, user: Node?, _ open: inout [(node: Node, nextInput: Int)]
  ) throws(MartletError) {
    let node = symbol.node
    let input = inputs[symbol]
    let isEntrance = node.layer.kind is InputLayer
    if let input, !isEntrance {
      if entranceVisits[input] == nil {
        entranceVisits[input] = visitCount
        visitCount += 1
      }
      return
    }
    guard seen.insert(ObjectIdentifier(node)).inserted else { return }
    if isEntrance, input == nil { throw GraphWalk.disconnected(symbol, user: user) }
    if firstVisits[ObjectIdentifier(node.layer)] == nil {
      firstVisits[ObjectIdentifier(node.layer)] = visitCount
      visitCount += 1
    }
    open.append((node, 0))
  }

  static func disconnected(_ symbol: Symbol, user: Node?) -> MartletError {
    let needed = user.map { "layer '\($0.layer.name)' needs" } ?? "an output is"
    return .invalidArgument(
      "graph disconnected: \(needed) the tensor '\(symbol.layer.name)' of shape "
        + "\(symbol.shape.batchDescription), which does not follow from the model's inputs; "
        + "make it one of them")
  }
}
