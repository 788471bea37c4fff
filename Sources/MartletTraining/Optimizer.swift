import MartletDispatch
import MartletGraph
import MartletKernelTable
import MartletOps
import MartletTensors

/// An update rule: what becomes of a stretch of weights, given its gradient.
///
/// A rule is constants only; what it remembers per weight lies in slots, buffers of the weight's size
/// that `Optimizer` owns.
package protocol UpdateRule: Sendable {
  /// Keras's name: `Adam`.
  static var className: String { get }
  /// Reads Keras's arguments, the learning rate excepted.
  init(_ attributes: inout Attributes) throws(MartletError)
  static var defaultLearningRate: Double { get }
  /// What it remembers of each weight. Slots of a group stand side by side in Keras's files, weight by
  /// weight; one group follows the other.
  var slotGroups: [[Slot]] { get }

  /// The step size of a whole step.
  ///
  /// - Parameter step: Counted from 1.
  func stepSize(learningRate: Double, step: Int) -> Double

  /// Updates `count` weights in place.
  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, stepSize: Float,
    with kernels: OptimizerKernels)
}

/// Something remembered of every element of a weight.
package struct Slot: Sendable {
  /// Keras's name: `momentum`.
  package let name: String

  init(_ name: String) { self.name = name }
}

/// A rule at work: its learning rate, its step count, and its memory of each variable.
package final class Optimizer {
  package let rule: any UpdateRule
  package private(set) var learningRate: Double
  /// Steps done.
  package private(set) var iterations = 0

  private var slots: [ObjectIdentifier: [Buffer]] = [:]

  private static let rules: [any UpdateRule.Type] = [SGD.self, Adam.self, RMSprop.self]

  /// - Parameter description: `{"class_name": "Adam", "config": {…}}` or the name alone.
  package init(_ description: JSONValue) throws(MartletError) {
    let (name, config) = try describedClass(description, "optimizer")
    guard
      let type = Optimizer.rules.first(where: {
        $0.className.lowercased() == name.lowercased()
      })
    else {
      throw unknownName(name, kind: "optimizer", known: Optimizer.rules.map { $0.className })
    }
    var attributes = Attributes(className: type.className, object: config)
    _ = attributes.value("name")
    learningRate = try attributes.number(
      "learning_rate", default: type.defaultLearningRate, atLeast: 0)
    rule = try type.init(&attributes)
    for name in [
      "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "ema_overwrite_frequency",
      "loss_scale_factor", "gradient_accumulation_steps",
    ] {
      try attributes.absent(name, "is not part of this version")
    }
    if try attributes.flag("use_ema", default: false) {
      throw attributes.invalid("use_ema", expected: "false in this version", .boolean(true))
    }
    _ = attributes.value("ema_momentum")
    try attributes.finish()
  }

  /// - Throws: `invalidArgument` for what cannot be a rate.
  func setLearningRate(_ rate: Double) throws(MartletError) {
    guard rate.isFinite, rate >= 0 else {
      throw .invalidArgument("learning_rate: expected a number from 0 up, got \(rate)")
    }
    learningRate = rate
  }

  /// - Throws: `invalidArgument` for what cannot be a count.
  func setIterations(_ count: Double) throws(MartletError) {
    guard let whole = Int(exactly: count), (0...(1 << 53)).contains(whole) else {
      throw .invalidArgument("iterations: expected a whole number from 0 up, got \(count)")
    }
    iterations = whole
  }

  /// Goes back to where a snapshot was taken.
  func setIterations(_ count: Int) { iterations = count }

  var slotGroups: [[Slot]] { rule.slotGroups }
  var slotCount: Int { slotGroups.reduce(0) { $0 + $1.count } }

  /// Makes room for what the rule remembers.
  ///
  /// - Throws: `outOfMemory`.
  package func prepare(_ variables: [Variable]) throws(MartletError) {
    for variable in variables where slots[ObjectIdentifier(variable)] == nil {
      var buffers: [Buffer] = []
      for _ in 0..<slotCount { buffers.append(try Buffer(floatCount: variable.count)) }
      slots[ObjectIdentifier(variable)] = buffers
    }
  }

  package func slotBuffers(of variable: Variable) -> [Buffer] {
    slots[ObjectIdentifier(variable)] ?? []
  }

  /// Counts a step and gives its size.
  package func beginStep() -> Float {
    iterations += 1
    return Float(rule.stepSize(learningRate: learningRate, step: iterations))
  }
}

/// Name and arguments of `{"class_name": …, "config": {…}}`, or of a name alone.
func describedClass(
  _ description: JSONValue, _ kind: String
) throws(MartletError) -> (name: String, config: JSONObject) {
  switch description {
  case .text(let name): return (name, JSONObject())
  case .object(let object):
    guard case .text(let name)? = object["class_name"] else { break }
    switch object["config"] {
    case .object(let config)?: return (name, config)
    case nil, .null?: return (name, JSONObject())
    default: break
    }
  default: break
  }
  throw MartletError(
    .invalidType,
    "\(kind): expected a name or {\"class_name\": …, \"config\": {…}}, "
      + "got \(description.excerpt())")
}
