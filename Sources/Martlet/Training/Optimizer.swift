import MartletGraph

/// A rule for steps along the gradient, by Keras's names: `.adam(learningRate: 1e-3)`.
///
/// What goes with every rule is said behind it:
///
/// ```swift
/// .sgd(learningRate: 0.1, momentum: 0.9).weightDecay(1e-4).clipping(.globalNorm(1))
/// ```
public struct Optimizer: Sendable {
  private let className: String
  private var arguments: JSONObject

  private init(_ className: String, _ arguments: Arguments) {
    self.className = className
    self.arguments = JSONObject(arguments)
  }

  var json: JSONValue { ["class_name": .text(className), "config": .object(arguments)] }

  // MARK: What goes with every rule

  /// Lets every weight decay by the part `rate` · learning rate in each step.
  public func weightDecay(_ rate: Double) -> Optimizer { with("weight_decay", rate) }

  /// A bound for gradients.
  public enum Clipping: Sendable, Hashable {
    /// No element beyond ± this.
    case value(Double)
    /// The gradient of each weight no longer than this.
    case norm(Double)
    /// All gradients together no longer than this.
    case globalNorm(Double)
  }

  /// Keeps gradients within bounds.
  public func clipping(_ clipping: Clipping) -> Optimizer {
    switch clipping {
    case .value(let bound): with("clipvalue", bound)
    case .norm(let bound): with("clipnorm", bound)
    case .globalNorm(let bound): with("global_clipnorm", bound)
    }
  }

  /// Keeps a running average of every weight, which takes the weight's place when training ends (Polyak &
  /// Juditsky 1992).
  ///
  /// - Parameters:
  ///   - momentum: How much of the average stays in each step.
  ///   - overwriteFrequency: After how many steps the averages take the weights' place each time; `nil`:
  ///     only when training ends.
  public func averaging(momentum: Double = 0.99, overwriteFrequency: Int? = nil) -> Optimizer {
    with("use_ema", true).with("ema_momentum", momentum)
      .with("ema_overwrite_frequency", overwriteFrequency)
  }

  private func with(_ name: String, _ value: some Argument) -> Optimizer {
    var changed = self
    changed.arguments[name] = value.json
    return changed
  }
}

extension Optimizer {
  /// Stochastic gradient descent, with Polyak's or Nesterov's momentum.
  ///
  /// - Parameters:
  ///   - learningRate: A number or a schedule.
  ///   - momentum: How much of the last step goes into the next one.
  ///   - nesterov: Whether the momentum is Nesterov's.
  public static func sgd(
    learningRate: LearningRate = 0.01, momentum: Double = 0, nesterov: Bool = false
  ) -> Optimizer {
    Optimizer("SGD", ["learning_rate": learningRate, "momentum": momentum, "nesterov": nesterov])
  }

  /// Adam (Kingma & Ba 2014, arXiv:1412.6980).
  ///
  /// - Parameters:
  ///   - learningRate: A number or a schedule.
  ///   - beta1: How much of the mean of gradients stays in each step.
  ///   - beta2: How much of the mean of squares stays in each step.
  ///   - epsilon: Keeps divisors from 0.
  ///   - amsgrad: Whether the mean of squares never falls.
  public static func adam(
    learningRate: LearningRate = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-7, amsgrad: Bool = false
  ) -> Optimizer {
    Optimizer(
      "Adam",
      [
        "learning_rate": learningRate, "beta_1": beta1, "beta_2": beta2, "epsilon": epsilon,
        "amsgrad": amsgrad,
      ])
  }

  /// Adam with weight decay: 0.004 unless ``weightDecay(_:)`` says otherwise (Loshchilov & Hutter
  /// 2019, arXiv:1711.05101).
  ///
  /// - Parameters:
  ///   - learningRate: A number or a schedule.
  ///   - beta1: How much of the mean of gradients stays in each step.
  ///   - beta2: How much of the mean of squares stays in each step.
  ///   - epsilon: Keeps divisors from 0.
  ///   - amsgrad: Whether the mean of squares never falls.
  public static func adamW(
    learningRate: LearningRate = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-7, amsgrad: Bool = false
  ) -> Optimizer {
    Optimizer(
      "AdamW",
      [
        "learning_rate": learningRate, "beta_1": beta1, "beta_2": beta2, "epsilon": epsilon,
        "amsgrad": amsgrad,
      ])
  }

  /// Adam with the greatest gradient of late in place of the mean of squares (Kingma & Ba 2014,
  /// section 7.1).
  ///
  /// - Parameters:
  ///   - learningRate: A number or a schedule.
  ///   - beta1: How much of the mean of gradients stays in each step.
  ///   - beta2: How much of the mean of squares stays in each step.
  ///   - epsilon: Keeps divisors from 0.
  public static func adamax(
    learningRate: LearningRate = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-7
  ) -> Optimizer {
    Optimizer(
      "Adamax",
      ["learning_rate": learningRate, "beta_1": beta1, "beta_2": beta2, "epsilon": epsilon])
  }

  /// Adam with Nesterov's momentum (Dozat 2016).
  ///
  /// - Parameters:
  ///   - learningRate: A number or a schedule.
  ///   - beta1: How much of the mean of gradients stays in each step.
  ///   - beta2: How much of the mean of squares stays in each step.
  ///   - epsilon: Keeps divisors from 0.
  public static func nadam(
    learningRate: LearningRate = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-7
  ) -> Optimizer {
    Optimizer(
      "Nadam",
      ["learning_rate": learningRate, "beta_1": beta1, "beta_2": beta2, "epsilon": epsilon])
  }

  /// Steps divided by the root of the mean of squares (Hinton 2012).
  ///
  /// - Parameters:
  ///   - learningRate: A number or a schedule.
  ///   - rho: How much of the mean of squares stays in each step.
  ///   - momentum: How much of the last step goes into the next one.
  ///   - epsilon: Keeps divisors from 0.
  ///   - centered: Whether the variance takes the place of the mean of squares.
  public static func rmsprop(
    learningRate: LearningRate = 0.001, rho: Double = 0.9, momentum: Double = 0,
    epsilon: Double = 1e-7, centered: Bool = false
  ) -> Optimizer {
    Optimizer(
      "RMSprop",
      [
        "learning_rate": learningRate, "rho": rho, "momentum": momentum, "epsilon": epsilon,
        "centered": centered,
      ])
  }

  /// Steps that shrink as squared gradients add up (Duchi, Hazan & Singer 2011).
  ///
  /// - Parameters:
  ///   - learningRate: A number or a schedule.
  ///   - initialAccumulatorValue: Where the sums of squares begin.
  ///   - epsilon: Keeps divisors from 0.
  public static func adagrad(
    learningRate: LearningRate = 0.001, initialAccumulatorValue: Double = 0.1,
    epsilon: Double = 1e-7
  ) -> Optimizer {
    Optimizer(
      "Adagrad",
      [
        "learning_rate": learningRate, "initial_accumulator_value": initialAccumulatorValue,
        "epsilon": epsilon,
      ])
  }

  /// Steps of the size of earlier ones (Zeiler 2012, arXiv:1212.5701).
  ///
  /// - Parameters:
  ///   - learningRate: A number or a schedule.
  ///   - rho: How much of the mean of squares stays in each step.
  ///   - epsilon: Keeps divisors from 0.
  public static func adadelta(
    learningRate: LearningRate = 0.001, rho: Double = 0.95, epsilon: Double = 1e-7
  ) -> Optimizer {
    Optimizer("Adadelta", ["learning_rate": learningRate, "rho": rho, "epsilon": epsilon])
  }

  /// Steps of one size in the direction of the momentum's signs (Chen et al. 2023,
  /// arXiv:2302.06675).
  ///
  /// - Parameters:
  ///   - learningRate: A number or a schedule.
  ///   - beta1: How much of the mean of gradients stays in each step.
  ///   - beta2: How much of the mean of squares stays in each step.
  public static func lion(
    learningRate: LearningRate = 0.001, beta1: Double = 0.9, beta2: Double = 0.99
  ) -> Optimizer {
    Optimizer("Lion", ["learning_rate": learningRate, "beta_1": beta1, "beta_2": beta2])
  }

  /// "Follow the regularized leader" (McMahan et al. 2013).
  ///
  /// - Parameters:
  ///   - learningRate: A number or a schedule.
  ///   - learningRatePower: At most 0.
  ///   - initialAccumulatorValue: Where the sums of squares begin.
  ///   - l1: Strength of the penalty for absolute values.
  ///   - l2: Strength of the penalty for squares.
  ///   - l2Shrinkage: Strength of the penalty for squares in the gradient.
  ///   - beta: Added to the root of the sums.
  public static func ftrl(
    learningRate: LearningRate = 0.001, learningRatePower: Double = -0.5,
    initialAccumulatorValue: Double = 0.1, l1: Double = 0, l2: Double = 0, l2Shrinkage: Double = 0,
    beta: Double = 0
  ) -> Optimizer {
    Optimizer(
      "Ftrl",
      [
        "learning_rate": learningRate, "learning_rate_power": learningRatePower,
        "initial_accumulator_value": initialAccumulatorValue, "l1_regularization_strength": l1,
        "l2_regularization_strength": l2, "l2_shrinkage_regularization_strength": l2Shrinkage,
        "beta": beta,
      ])
  }
}
