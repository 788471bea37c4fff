import MartletGraph
import MartletTensors

/// A layer: what stands between two ``Symbol``s.
///
/// A layer is made from its arguments and then called, on symbols or as part of a ``Sequential`` model.
/// The first call makes its weights; every further call, in this model or another one, shares them:
///
/// ```swift
/// let conv = Conv2D(filters: 8, kernelSize: 3, padding: .same)
/// let left = try conv(image)
/// let right = try conv(mirrored)
/// ```
///
/// Initializers do not throw. What is wrong with an argument is said where the layer is first called.
///
/// Layers may be used from any task; models that share one wait for each other.
public class Layer: @unchecked Sendable {
  /// Keras's name of the class: `Conv2D`.
  public let className: String

  private let lock = Lock()
  // All below is guarded by `lock`.
  private var arguments: JSONObject
  private var made: MartletGraph.Layer?
  /// What came too late to be heeded.
  private var fault: MartletError?

  init(_ className: String, _ name: String?, _ arguments: Arguments) {
    self.className = className
    self.arguments = JSONObject(arguments)
    if let name { self.arguments["name"] = .text(name) }
  }

  /// One that there is already.
  init(_ made: MartletGraph.Layer) {
    className = made.className
    arguments = [:]
    self.made = made
  }

  /// The core's layer, made when it is first needed.
  final var core: MartletGraph.Layer {
    get throws(MartletError) {
      try lock.withLock { () throws(MartletError) in
        if let fault { throw fault }
        if let made { return made }
        let layer = try LayerRegistry.make(className, arguments)
        made = layer
        return layer
      }
    }
  }

  /// The arguments that would make this layer again, as Keras's `get_config` gives them.
  package final var configuration: JSONObject {
    get throws(MartletError) { try core.configuration }
  }

  /// Its arguments as the core is given them, by Keras's names.
  package final var givenArguments: JSONObject { lock.withLock { arguments } }

  private final var madeLayer: MartletGraph.Layer? { lock.withLock { made } }

  // MARK: Arguments of all layers

  /// The name that was given, or from the first call on an automatic one; `nil` until then.
  public final var name: String? {
    lock.withLock {
      if let made { return made.name }
      guard case .text(let name)? = arguments["name"] else { return nil }
      return name
    }
  }

  /// Whether training may change the weights. Setting it for a model sets it for all layers within. Takes
  /// effect where a model is compiled.
  public final var isTrainable: Bool {
    get {
      lock.withLock { made?.isTrainable ?? (arguments["trainable"] != false) }
    }
    set {
      lock.withLock {
        if let made {
          made.isTrainable = newValue
        } else {
          arguments["trainable"] = .boolean(newValue)
        }
      }
    }
  }

  /// Sets ``isTrainable`` where a layer is made: `Dense(units: 10).trainable(false)`.
  @discardableResult
  public final func trainable(_ isTrainable: Bool) -> Self {
    self.isTrainable = isTrainable
    return self
  }

  /// Says how the layer works out its products, before it is called:
  /// `Dense(units: 10).policy(.mixedBFloat16)`.
  @discardableResult
  public final func policy(_ policy: DTypePolicy) -> Self { set("dtype", policy) }

  /// Adds what the size of its outputs costs to the loss, before it is called:
  /// `Dense(units: 10).activityRegularizer(.l1())`.
  @discardableResult
  public final func activityRegularizer(_ regularizer: Regularizer) -> Self {
    set("activity_regularizer", regularizer)
  }

  private func set(_ name: String, _ value: some Argument) -> Self {
    lock.withLock {
      if let made {
        let error = MartletError.invalidState(
          "'\(name)' belongs to a layer for good and must be said before its first call")
        fault = error.inLayer(made.name)
      } else {
        arguments[name] = value.json
      }
    }
    return self
  }

  // MARK: Calling

  /// Calls the layer: `let y = try conv(x)`, or with several inputs `try Add()(a, b)`.
  ///
  /// - Throws: ``MartletError`` for arguments that are wrong, for inputs that do not suit the layer, and
  ///   where it has several outputs, which ``outputs(for:)`` gives.
  public final func callAsFunction(_ inputs: any GraphValue...) throws(MartletError) -> Symbol {
    let layer = try core
    guard layer.outputCount == 1 else {
      throw MartletError.invalidArgument(
        "it has \(layer.outputCount) outputs: call it with outputs(for:)"
      ).inLayer(layer.name)
    }
    return try outputs(for: inputs)[0]
  }

  /// Calls the layer, or model, and gives all its outputs.
  public final func outputs(for inputs: [any GraphValue]) throws(MartletError) -> [Symbol] {
    var symbols: [MartletGraph.Symbol] = []
    for input in inputs { symbols.append(try input.symbol.core) }
    return try core.call(symbols).map { Symbol($0) }
  }

  // MARK: Weights

  /// The weights in Keras's order: those that are trained first. Empty before the first call.
  public var weights: [Weight] {
    guard let layer = madeLayer else { return [] }
    return layer.weights.map { Weight(name: $0.variable.name, $0.variable, of: layer) }
  }

  /// The weight of a name: `try dense.weight("kernel")`, of a model `try model.weight("dense/kernel")`.
  ///
  /// - Throws: ``MartletError`` with the nearest name where there is none.
  public final func weight(_ name: String) throws(MartletError) -> Weight {
    let weights = weights
    guard let weight = weights.first(where: { $0.name == name }) else {
      let error = unknownName(name, kind: "weight", known: weights.map(\.name))
      guard let own = self.name else { throw error }
      throw error.inLayer(own)
    }
    return weight
  }
}
