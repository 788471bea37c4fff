import MartletOps
import MartletTensors
import Synchronization

/// A layer: a kind with a name, and weights from the first call on. Calling it several times, or from
/// several models, shares the weights.
///
/// Everything here may be used from any thread; `computeLock` is for those who read or change the
/// weights' values.
package class Layer: @unchecked Sendable {
  package let name: String
  package let kind: any LayerKind
  package let policy: DTypePolicy
  /// Of the outputs of each call.
  private let activityRegularizer: Regularizer?
  /// Held while the values of the layer's own weights are read or written. See `withComputeLock`.
  let computeLock = Lock()

  // All below is guarded by `graphLock`.
  private var ownVariables: [Variable] = []
  private var ownIsTrainable: Bool
  private var callCount = 0
  /// Shapes of the inputs the weights were made for.
  private var ownBuiltShapes: [OpenShape]?

  /// The layers within this one that own weights, in the order in which their locks are taken: one
  /// for everybody, that of memory, so that two models cannot wait for each other.
  private let lockedSublayers: [Layer]

  /// - Parameter name: `nil` for an automatic one.
  init(
    kind: any LayerKind, name: String?, isTrainable: Bool = true, policy: DTypePolicy = .float32,
    activityRegularizer: Regularizer? = nil
  ) {
    self.kind = kind
    self.activityRegularizer = activityRegularizer
    self.policy = policy
    self.name = name ?? AutomaticNames.shared.next(for: kind.className)
    self.ownIsTrainable = isTrainable
    var seen = Set<ObjectIdentifier>()
    lockedSublayers =
      kind.hasWeights
      ? []
      : kind.sublayers.flatMap { $0.collectOwners(&seen) }
        .sorted { ObjectIdentifier($0) < ObjectIdentifier($1) }
  }

  package var className: String { kind.className }
  package var outputCount: Int { kind.outputCount }

  /// The arguments that would make this layer again, as Keras's `get_config` gives them.
  package var configuration: JSONObject {
    if let input = kind as? InputLayer { return input.configuration(name: name) }
    var whole: JSONObject = ["name": .text(name)]
    if kind.tellsTrainability { whole["trainable"] = .boolean(isTrainable) }
    whole["dtype"] = policy.configuration
    whole = whole.appending(kind.configuration)
    if let activityRegularizer {
      whole["activity_regularizer"] = activityRegularizer.configuration
    }
    return whole
  }

  /// Whether the weights exist.
  package var isBuilt: Bool {
    graphLock.withLock { !kind.hasWeights || ownBuiltShapes != nil }
  }

  /// Whether training may change the weights. Setting it on a model sets it on all layers within.
  /// Takes effect where a model is lowered again.
  package var isTrainable: Bool {
    get { graphLock.withLock { ownIsTrainable } }
    set {
      graphLock.withLock {
        Layer.trainabilityChanges.add(1, ordering: .releasing)
        ownIsTrainable = newValue
        for variable in ownVariables { variable.isFrozen = !newValue }
        for layer in kind.sublayers { layer.isTrainable = newValue }
      }
    }
  }

  /// Rises whenever `isTrainable` of any layer is set: as long as it stays, lowering a model again
  /// gives the same program.
  package static var trainabilityVersion: Int { trainabilityChanges.load(ordering: .acquiring) }
  private static let trainabilityChanges = Atomic<Int>(0)

  /// The layers that own weights: this one, or those within it, each once, in Keras's order.
  package var weightOwners: [Layer] {
    var seen = Set<ObjectIdentifier>()
    return collectOwners(&seen)
  }

  private func collectOwners(_ seen: inout Set<ObjectIdentifier>) -> [Layer] {
    guard seen.insert(ObjectIdentifier(self)).inserted else { return [] }
    if kind.hasWeights { return [self] }
    var owners: [Layer] = []
    for layer in kind.sublayers { owners += layer.collectOwners(&seen) }
    return owners
  }

  /// The weights in the order of Keras's `get_weights`, each with its layer.
  package var weights: [(variable: Variable, layer: Layer)] {
    graphLock.withLock {
      weightOwners.flatMap { owner in owner.ownVariables.map { ($0, owner) } }
    }
  }

  package var variables: [Variable] { weights.map(\.variable) }

  // MARK: Calling

  /// The symbols that this layer gives for these inputs. The first call makes the weights.
  ///
  /// - Throws: `invalidArgument` naming the layer, what it expected and what it was given. Nothing
  ///   has changed then.
  package func call(_ inputs: [Symbol]) throws(MartletError) -> [Symbol] {
    try call(inputs) { request throws(MartletError) in
      let variable = try request.variable()
      request.initializer.fill(variable)
      return variable
    }
  }

  /// - Parameter make: Makes the weights, where this is the first call.
  func call(
    _ inputs: [Symbol], makingWeights make: (WeightRequest) throws(MartletError) -> Variable
  ) throws(MartletError) -> [Symbol] {
    try graphLock.withLock { () throws(MartletError) in
      let shapes = inputs.map(\.shape)
      let outputShapes: [OpenShape]
      do throws(MartletError) {
        if kind is InputLayer, callCount > 0 {
          throw MartletError(.invalidState, "an input cannot be called again")
        }
        let made = try prepareWeights(for: shapes, make)
        outputShapes = try self.outputShapes(for: shapes, variables: made)
        ownVariables = made
        ownBuiltShapes = ownBuiltShapes ?? shapes
      } catch {
        throw error.withSources(of: inputs).inLayer(name)
      }
      callCount += 1
      return Node(
        layer: self, callIndex: callCount - 1, inputs: inputs, outputShapes: outputShapes
      ).outputs
    }
  }

  package func callAsFunction(_ inputs: Symbol...) throws(MartletError) -> Symbol {
    try call(inputs)[0]
  }

  private func outputShapes(
    for shapes: [OpenShape], variables: [Variable]
  ) throws(MartletError) -> [OpenShape] {
    if let input = kind as? InputLayer { return [input.shape] }
    let (small, large) = try shapes.trying { shapes throws(MartletError) in
      var program = Program()
      let values = shapes.map { program.addInput($0) }
      let outputs = try lower(values, variables: variables, into: &program)
      return outputs.map { program.shapes[$0] }
    }
    return zip(small, large).map { OpenShape(small: $0, large: $1) }
  }

  /// The weights there are, after a check that they suit the inputs, or new ones.
  private func prepareWeights(
    for shapes: [OpenShape], _ make: (WeightRequest) throws(MartletError) -> Variable
  ) throws(MartletError) -> [Variable] {
    let (requests, others) = try shapes.trying { shapes throws(MartletError) in
      try kind.weights(for: shapes)
    }
    for (request, other) in zip(requests, others) where request.shape != other.shape {
      throw Layer.needsSize(
        request.name, OpenShape(small: request.shape, large: other.shape), shapes)
    }
    guard ownBuiltShapes != nil else {
      var made: [Variable] = []
      for request in requests {
        let variable = try make(request)
        variable.isFrozen = !ownIsTrainable
        made.append(variable)
      }
      return made
    }
    try check(requests, for: shapes)
    return ownVariables
  }

  private func check(
    _ requests: [WeightRequest], for shapes: [OpenShape]
  ) throws(MartletError) {
    guard requests.map(\.shape) == ownVariables.map(\.shape) else {
      throw mismatch(shapes, built: ownBuiltShapes ?? [])
    }
  }

  private static func needsSize(
    _ weight: String, _ shape: OpenShape, _ inputs: [OpenShape]
  ) -> MartletError {
    let given = inputs.map(\.batchDescription).joined(separator: ", ")
    return .invalidArgument(
      "its weight '\(weight)' of shape \(shape) needs a size that Input leaves open; received an "
        + "input of shape \(given). Give Input that size, or put before this layer one whose output "
        + "does not depend on it, such as GlobalAveragePooling2D in place of Flatten")
  }

  private func mismatch(_ shapes: [OpenShape], built: [OpenShape]) -> MartletError {
    let given = shapes.map(\.batchDescription).joined(separator: ", ")
    let first = built.map(\.batchDescription).joined(separator: ", ")
    let axis = kind.weightAxis
    var expectation = "expected inputs of shape \(first)"
    if built.count == 1, let position = try? sampleAxis(axis, of: built[0].small),
      let other = try? sampleAxis(axis, of: shapes[0].small), let extent = built[0][position],
      extent != shapes[0][other]
    {
      expectation = "expected axis \(axis) of the input to have value \(extent)"
    }
    return .invalidArgument(
      "\(expectation), received an input of shape \(given); "
        + "its weights were made for \(first)")
  }

  /// Lowers a call on values of a program; the layer must be built.
  func lower(
    _ inputs: [Program.ValueID], into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    do {
      // A graph of open size may not have seen inputs of this one yet.
      let shapes = inputs.map { program.shapes[$0] }
      try check(kind.weights(for: shapes), for: shapes.map { OpenShape($0) })
      return try lower(inputs, variables: ownVariables, into: &program)
    } catch {
      throw error.inLayer(name)
    }
  }

  private func lower(
    _ inputs: [Program.ValueID], variables: [Variable], into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let outputs = try kind.lower(
      LayerCall(
        inputs: inputs, variables: variables, layer: name, isTrainable: ownIsTrainable,
        precision: policy.precision),
      into: &program)
    if let activityRegularizer {
      for output in outputs {
        program.activityPenalties.append((output, activityRegularizer.penalty))
      }
    }
    return outputs
  }

  // MARK: Values

  /// Runs `body` while no other thread computes with the weights of this layer, or of those within
  /// it: models that share a layer wait for each other. The same thread may come again.
  package func withComputeLock<Result>(
    _ body: () throws(MartletError) -> Result
  ) throws(MartletError) -> Result {
    if kind.hasWeights { computeLock.lock() }
    for layer in lockedSublayers { layer.computeLock.lock() }
    defer {
      for layer in lockedSublayers { layer.computeLock.unlock() }
      if kind.hasWeights { computeLock.unlock() }
    }
    return try body()
  }
}

extension MartletError {
  /// The same error, with the layers that several inputs come from: shapes alone do not tell which
  /// branches meet.
  fileprivate func withSources(of inputs: [Symbol]) -> MartletError {
    guard inputs.count > 1 else { return self }
    let names = inputs.map { "'\($0.node.layer.name)'" }.joined(separator: ", ")
    return MartletError(kind, "\(message); the inputs come from \(names)")
  }
}
