import MartletDispatch
import MartletGraph
import MartletKernelTable
import MartletOps
import MartletTensors

/// An update rule: what becomes of a stretch of weights, given its gradient.
///
/// A rule is constants only; what it remembers per weight lies in slots, buffers of the weight's size
/// that `Optimizer` owns.
protocol UpdateRule: Sendable {
  /// Keras's name: `Adam`.
  static var className: String { get }
  /// Reads Keras's arguments, but not those that all optimizers have.
  init(_ attributes: inout Attributes) throws(MartletError)
  static var defaultLearningRate: Double { get }
  static var defaultWeightDecay: Double? { get }
  /// What it remembers of each weight. Slots of a group stand side by side in Keras's files, weight by
  /// weight; one group follows the other.
  var slotGroups: [[Slot]] { get }
  /// Numbers it remembers of no weight.
  var scalars: [Slot] { get }

  /// What is the same for all weights of a step.
  ///
  /// - Parameters:
  ///   - step: Counted from 1.
  ///   - scalars: Those of the rule, to be brought up to date.
  func factors(
    learningRate: Double, step: Int, scalars: UnsafeMutablePointer<Float>
  ) -> StepFactors

  /// Updates `count` weights in place.
  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, factors: StepFactors,
    with kernels: OptimizerKernels)
}

extension UpdateRule {
  static var defaultLearningRate: Double { 0.001 }
  static var defaultWeightDecay: Double? { nil }
  var scalars: [Slot] { [] }

  func factors(
    learningRate: Double, step: Int, scalars: UnsafeMutablePointer<Float>
  ) -> StepFactors {
    StepFactors(rate: Float(learningRate))
  }
}

/// Something that a rule remembers: of every element of a weight, or once.
struct Slot: Sendable {
  /// Keras's name: `momentum`.
  let name: String
  let start: Float

  init(_ name: String, startsAt start: Float = 0) {
    self.name = name
    self.start = start
  }
}

/// What a rule works out once per step.
struct StepFactors {
  /// The size of the step, its corrections included.
  var rate: Float
  /// Nadam's: the size of the gradient's own part, and what corrects the mean of squares.
  var gradientRate: Float = 0
  var squareScale: Float = 1
}

/// A rule at work: its learning rate, its step count, what goes with every rule, and its memory of each
/// variable.
package final class Optimizer {
  let rule: any UpdateRule
  private(set) var learningRate: LearningRate
  /// Steps done.
  package private(set) var iterations = 0
  let clipping: GradientClipping?
  private let weightDecay: Double
  let averaging: WeightAveraging?

  private var slots: [ObjectIdentifier: [Buffer]] = [:]
  /// Those of the rule.
  let scalars: Buffer

  private static let rules: [any UpdateRule.Type] = [
    SGD.self, Adam.self, RMSprop.self, AdamW.self, Adamax.self, Nadam.self, Adagrad.self,
    Adadelta.self, Lion.self, Ftrl.self,
  ]

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
    learningRate = try LearningRate(&attributes, default: type.defaultLearningRate)
    rule = try type.init(&attributes)
    clipping = try GradientClipping.read(&attributes)
    weightDecay = try attributes.number("weight_decay", default: type.defaultWeightDecay ?? 0)
    averaging = try WeightAveraging.read(&attributes)
    for name in ["loss_scale_factor", "gradient_accumulation_steps"] {
      try attributes.absent(name, "it is not part of this version")
    }
    try attributes.finish()
    scalars = try Buffer(floatCount: rule.scalars.count)
    for (index, scalar) in rule.scalars.enumerated() { scalars.floats[index] = scalar.start }
  }

  // MARK: Numbers

  /// - Throws: `invalidArgument` for what cannot be a rate, or where the rate follows a schedule.
  func setLearningRate(_ rate: Double) throws(MartletError) {
    guard case .constant = learningRate else {
      throw .invalidArgument(
        "learning_rate: the optimizer follows a schedule, so its rate cannot be set")
    }
    guard rate.isFinite, rate >= 0 else {
      throw .invalidArgument("learning_rate: expected a number from 0 up, got \(rate)")
    }
    learningRate = .constant(rate)
  }

  /// Follows a schedule, or a function, from the next step on.
  func setLearningRate(_ rate: LearningRate) { learningRate = rate }

  /// - Throws: `invalidArgument` for what cannot be a count.
  func setIterations(_ count: Double) throws(MartletError) {
    guard let whole = Int(exactly: count), (0...(1 << 53)).contains(whole) else {
      throw .invalidArgument("iterations: expected a whole number from 0 up, got \(count)")
    }
    iterations = whole
  }

  /// Goes back to where a snapshot was taken.
  func setIterations(_ count: Int) { iterations = count }

  // MARK: Slots

  /// The average of a weight, where there is one, then the slots of the rule.
  var slotGroups: [[Slot]] { (averaging == nil ? [] : [[Slot("average")]]) + rule.slotGroups }
  var slotCount: Int { slotGroups.reduce(0) { $0 + $1.count } }

  /// Makes room for what is remembered.
  ///
  /// - Throws: `outOfMemory`.
  func prepare(_ variables: [Variable]) throws(MartletError) {
    for variable in variables where slots[ObjectIdentifier(variable)] == nil {
      var buffers: [Buffer] = []
      for slot in slotGroups.joined() {
        let buffer = try Buffer(floatCount: variable.count)
        // Fresh memory is zero already, and not touched before it is used.
        if slot.start != 0 {
          buffer.floats.update(repeating: slot.start, count: variable.count)
        }
        buffers.append(buffer)
      }
      slots[ObjectIdentifier(variable)] = buffers
    }
  }

  /// In the order of `slotGroups`.
  func slotBuffers(of variable: Variable) -> [Buffer] { slots[ObjectIdentifier(variable)] ?? [] }

  // MARK: Steps

  /// What is the same for all weights of a step.
  struct Step {
    var factors: StepFactors
    /// The part of every weight that decays.
    var decay: Float
    /// Of the weights' averages.
    var momentum: Float
    var overwritesWeights: Bool
  }

  /// Counts a step.
  ///
  /// - Throws: What a function for the learning rate throws. Nothing has changed then.
  func beginStep() throws(MartletError) -> Step {
    let rate = try learningRate.value(after: iterations)
    iterations += 1
    let isOverwriting = averaging?.overwriteFrequency.map { iterations % $0 == 0 }
    return Step(
      factors: rule.factors(learningRate: rate, step: iterations, scalars: scalars.floats),
      decay: Float(weightDecay * rate),
      // The first step's weights are an average of their own.
      momentum: iterations == 1 ? 0 : averaging?.momentum ?? 0,
      overwritesWeights: isOverwriting ?? false)
  }
}
