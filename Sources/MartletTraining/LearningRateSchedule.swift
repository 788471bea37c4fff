import MartletGraph
import MartletTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The learning rate as a function of the steps done, as Keras has it
/// (`keras.optimizers.schedules`), worked out in double precision.
package protocol LearningRateSchedule: Sendable {
  /// Keras's name: `CosineDecay`.
  static var className: String { get }
  /// Reads Keras's arguments, the name excepted.
  init(_ attributes: inout Attributes) throws(MartletError)

  /// The rate of the step that `step` others came before.
  func rate(at step: Double) -> Double
}

/// The schedules by name.
package enum LearningRateSchedules {
  private static let all: [any LearningRateSchedule.Type] = [
    ExponentialDecay.self, CosineDecay.self, PiecewiseConstantDecay.self, InverseTimeDecay.self,
    PolynomialDecay.self, CosineDecayRestarts.self,
  ]

  /// - Parameter description: `{"class_name": "ExponentialDecay", "config": {…}}`.
  package static func make(
    _ description: JSONValue
  ) throws(MartletError) -> any LearningRateSchedule {
    let (name, config) = try describedClass(description, "learning-rate schedule")
    guard let type = all.first(where: { $0.className == name }) else {
      throw unknownName(name, kind: "learning-rate schedule", known: all.map { $0.className })
    }
    var attributes = Attributes(className: name, object: config)
    _ = attributes.value("name")
    let schedule = try type.init(&attributes)
    try attributes.finish()
    return schedule
  }
}

extension Attributes {
  fileprivate mutating func positive(
    _ name: String, default fallback: Double? = nil
  ) throws(MartletError) -> Double {
    let number = try number(name, default: fallback)
    guard number > 0 else {
      throw invalid(name, expected: "a number above 0", value(name) ?? .null)
    }
    return number
  }
}

/// initial · rate^(step / steps).
struct ExponentialDecay: LearningRateSchedule {
  static let className = "ExponentialDecay"
  private let initial: Double
  private let steps: Double
  private let decay: Double
  private let isStaircase: Bool

  init(_ attributes: inout Attributes) throws(MartletError) {
    initial = try attributes.number("initial_learning_rate")
    steps = try attributes.positive("decay_steps")
    decay = try attributes.number("decay_rate")
    isStaircase = try attributes.flag("staircase", default: false)
  }

  func rate(at step: Double) -> Double {
    let periods = step / steps
    return initial * pow(decay, isStaircase ? periods.rounded(.down) : periods)
  }
}

/// initial / (1 + rate · step / steps).
struct InverseTimeDecay: LearningRateSchedule {
  static let className = "InverseTimeDecay"
  private let initial: Double
  private let steps: Double
  private let decay: Double
  private let isStaircase: Bool

  init(_ attributes: inout Attributes) throws(MartletError) {
    initial = try attributes.number("initial_learning_rate")
    steps = try attributes.positive("decay_steps")
    decay = try attributes.number("decay_rate")
    isStaircase = try attributes.flag("staircase", default: false)
  }

  func rate(at step: Double) -> Double {
    let periods = step / steps
    return initial / (1 + decay * (isStaircase ? periods.rounded(.down) : periods))
  }
}

/// From the initial rate down to `end` along (1 − step / steps)^power.
struct PolynomialDecay: LearningRateSchedule {
  static let className = "PolynomialDecay"
  private let initial: Double
  private let steps: Double
  private let end: Double
  private let power: Double
  private let isCyclic: Bool

  init(_ attributes: inout Attributes) throws(MartletError) {
    initial = try attributes.number("initial_learning_rate")
    steps = try attributes.positive("decay_steps")
    end = try attributes.number("end_learning_rate", default: 0.0001)
    power = try attributes.number("power", default: 1)
    isCyclic = try attributes.flag("cycle", default: false)
  }

  func rate(at step: Double) -> Double {
    // A cycle stretches over the first multiple of `steps` that is not below the step.
    let whole = isCyclic ? steps * max(1, (step / steps).rounded(.up)) : steps
    return (initial - end) * pow(1 - min(step, whole) / whole, power) + end
  }
}

/// `values[i]` while the step is not above `boundaries[i]`.
struct PiecewiseConstantDecay: LearningRateSchedule {
  static let className = "PiecewiseConstantDecay"
  private let boundaries: [Double]
  private let values: [Double]

  init(_ attributes: inout Attributes) throws(MartletError) {
    boundaries = try attributes.numbers("boundaries")
    values = try attributes.numbers("values")
    guard values.count == boundaries.count + 1 else {
      throw .invalidArgument(
        "PiecewiseConstantDecay: 'values' must have one entry more than 'boundaries', received "
          + "\(values.count) values and \(boundaries.count) boundaries")
    }
  }

  func rate(at step: Double) -> Double {
    values[boundaries.firstIndex { step <= $0 } ?? boundaries.count]
  }
}

/// Half a cosine wave from the initial rate down to its part `alpha` (Loshchilov & Hutter 2016,
/// arXiv:1608.03983); with a target a straight line up to that comes first.
struct CosineDecay: LearningRateSchedule {
  static let className = "CosineDecay"
  private let initial: Double
  private let steps: Double
  private let alpha: Double
  private let warmup: (target: Double, steps: Double)?

  init(_ attributes: inout Attributes) throws(MartletError) {
    initial = try attributes.number("initial_learning_rate")
    steps = try attributes.positive("decay_steps")
    alpha = try attributes.number("alpha", default: 0)
    let warmupSteps = try attributes.number("warmup_steps", default: 0, atLeast: 0)
    warmup =
      attributes.value("warmup_target") == nil
      ? nil : (try attributes.number("warmup_target"), warmupSteps)
  }

  func rate(at step: Double) -> Double {
    guard let warmup else { return decayed(initial, at: step) }
    return step < warmup.steps
      ? initial + (warmup.target - initial) * step / warmup.steps
      : decayed(warmup.target, at: step - warmup.steps)
  }

  private func decayed(_ rate: Double, at step: Double) -> Double {
    let wave = 0.5 * (1 + cos(.pi * min(step, steps) / steps))
    return rate * ((1 - alpha) * wave + alpha)
  }
}

/// Half cosine waves, each `growth` times as long and `damping` times as high as the one before
/// (Loshchilov & Hutter 2016, arXiv:1608.03983).
struct CosineDecayRestarts: LearningRateSchedule {
  static let className = "CosineDecayRestarts"
  private let initial: Double
  private let steps: Double
  private let growth: Double
  private let damping: Double
  private let alpha: Double

  init(_ attributes: inout Attributes) throws(MartletError) {
    initial = try attributes.number("initial_learning_rate")
    steps = try attributes.positive("first_decay_steps")
    // Waves that become shorter would end before the training does.
    growth = try attributes.number("t_mul", default: 2, atLeast: 1)
    damping = try attributes.number("m_mul", default: 1)
    alpha = try attributes.number("alpha", default: 0)
  }

  func rate(at step: Double) -> Double {
    let (restarts, done) = wave(at: step / steps)
    let height = 0.5 * pow(damping, restarts) * (1 + cos(.pi * done))
    return initial * ((1 - alpha) * height + alpha)
  }

  /// How many waves have ended `time` first waves after the start, and the part done of this one.
  private func wave(at time: Double) -> (restarts: Double, done: Double) {
    if growth == 1 { return (time.rounded(.down), time - time.rounded(.down)) }
    func start(of wave: Double) -> Double { (pow(growth, wave) - 1) / (growth - 1) }
    var restarts = (log(1 + time * (growth - 1)) / log(growth)).rounded(.down)
    // Logarithms are rounded: right at a restart they may say either wave.
    if start(of: restarts + 1) <= time { restarts += 1 }
    if start(of: restarts) > time { restarts -= 1 }
    return (restarts, (time - start(of: restarts)) / pow(growth, restarts))
  }
}
