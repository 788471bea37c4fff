import MartletGraph

/// What training makes small, by Keras's names: `.sparseCategoricalCrossentropy()`, or put together by
/// ``custom(_:targetShape:reduction:values:)``.
public struct Loss: Sendable {
  let source: ValueSource

  private init(_ source: ValueSource) { self.source = source }

  private init(_ className: String, _ arguments: Arguments) {
    self.init(.described(.described(className, arguments)))
  }

  /// How the losses of the predictions of a batch become one number.
  public enum Reduction: String, CaseIterable, Sendable, Argument {
    /// Their mean.
    case mean = "sum_over_batch_size"
    /// Their sum.
    case sum
  }
}

extension Loss {
  /// One of your own, put together of symbols:
  ///
  /// ```swift
  /// let loss = Loss.custom("fourth_power") { target, prediction in
  ///   try (prediction - target).squared().squared().mean(axes: -1)
  /// }
  /// ```
  ///
  /// The function is called once for each output, where a model is compiled. What it gives becomes a part of
  /// the model's step, gradients included. Layers with weights that training would change must be the model's
  /// own. A file cannot hold such a loss: store the model without its training. What the function throws is
  /// thrown by `compile`.
  ///
  /// - Parameters:
  ///   - name: What messages call it.
  ///   - targetShape: Of one target; `nil` for that of the prediction.
  ///   - reduction: How the values become one number.
  ///   - values: Gives the values of target and prediction: one for each sample, or any number.
  public static func custom(
    _ name: String, targetShape: [Int?]? = nil, reduction: Reduction = .mean,
    values: @escaping @Sendable (_ target: Symbol, _ prediction: Symbol) throws -> Symbol
  ) -> Loss {
    Loss(
      .own(
        OwnValues(
          name: name, arguments: ["reduction": reduction.json], targetShape: targetShape,
          function: values)))
  }

  /// Of class numbers, with a probability for each class.
  ///
  /// - Parameters:
  ///   - fromLogits: Whether predictions are logits, not probabilities. Behind a softmax or sigmoid
  ///     logits are used anyway.
  ///   - ignoreClass: Labels that do not count.
  ///   - reduction: How the losses of the predictions become one number.
  public static func sparseCategoricalCrossentropy(
    fromLogits: Bool = false, ignoreClass: Int? = nil, reduction: Reduction = .mean
  ) -> Loss {
    Loss(
      "SparseCategoricalCrossentropy",
      ["from_logits": fromLogits, "ignore_class": ignoreClass, "reduction": reduction])
  }

  /// Of a probability for each class (one-hot), with predicted ones.
  ///
  /// - Parameters:
  ///   - fromLogits: Whether predictions are logits, not probabilities. Behind a softmax or sigmoid
  ///     logits are used anyway.
  ///   - labelSmoothing: Which part of each target is spread evenly.
  ///   - reduction: How the losses of the predictions become one number.
  public static func categoricalCrossentropy(
    fromLogits: Bool = false, labelSmoothing: Double = 0, reduction: Reduction = .mean
  ) -> Loss {
    Loss(
      "CategoricalCrossentropy",
      ["from_logits": fromLogits, "label_smoothing": labelSmoothing, "reduction": reduction])
  }

  /// Of 0 or 1, with a probability, for each number of the output.
  ///
  /// - Parameters:
  ///   - fromLogits: Whether predictions are logits, not probabilities. Behind a softmax or sigmoid
  ///     logits are used anyway.
  ///   - labelSmoothing: Which part of each target is spread evenly.
  ///   - reduction: How the losses of the predictions become one number.
  public static func binaryCrossentropy(
    fromLogits: Bool = false, labelSmoothing: Double = 0, reduction: Reduction = .mean
  ) -> Loss {
    Loss(
      "BinaryCrossentropy",
      ["from_logits": fromLogits, "label_smoothing": labelSmoothing, "reduction": reduction])
  }

  /// One of the three crossentropies: the binary one for a single output, else what the first
  /// targets look like.
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func crossentropy(reduction: Reduction = .mean) -> Loss {
    Loss("Crossentropy", ["reduction": reduction])
  }

  /// The categorical crossentropy times alpha · (1 − p)^gamma (Lin et al. 2017, arXiv:1708.02002).
  ///
  /// - Parameters:
  ///   - alpha: A factor.
  ///   - gamma: How much less what is easy counts.
  ///   - fromLogits: Whether predictions are logits, not probabilities. Behind a softmax or sigmoid
  ///     logits are used anyway.
  ///   - labelSmoothing: Which part of each target is spread evenly.
  ///   - reduction: How the losses of the predictions become one number.
  public static func categoricalFocalCrossentropy(
    alpha: Double = 0.25, gamma: Double = 2, fromLogits: Bool = false, labelSmoothing: Double = 0,
    reduction: Reduction = .mean
  ) -> Loss {
    Loss(
      "CategoricalFocalCrossentropy",
      [
        "alpha": alpha, "gamma": gamma, "from_logits": fromLogits,
        "label_smoothing": labelSmoothing, "reduction": reduction,
      ])
  }

  /// The binary crossentropy times (1 − p)^gamma, p being the probability of the target (Lin et al.
  /// 2017, arXiv:1708.02002).
  ///
  /// - Parameters:
  ///   - applyClassBalancing: Whether ones count alpha and zeros 1 − alpha.
  ///   - alpha: What ones count.
  ///   - gamma: How much less what is easy counts.
  ///   - fromLogits: Whether predictions are logits, not probabilities. Behind a softmax or sigmoid
  ///     logits are used anyway.
  ///   - labelSmoothing: Which part of each target is spread evenly.
  ///   - reduction: How the losses of the predictions become one number.
  public static func binaryFocalCrossentropy(
    applyClassBalancing: Bool = false, alpha: Double = 0.25, gamma: Double = 2,
    fromLogits: Bool = false, labelSmoothing: Double = 0, reduction: Reduction = .mean
  ) -> Loss {
    Loss(
      "BinaryFocalCrossentropy",
      [
        "apply_class_balancing": applyClassBalancing, "alpha": alpha, "gamma": gamma,
        "from_logits": fromLogits, "label_smoothing": labelSmoothing, "reduction": reduction,
      ])
  }

  /// Σ t · log(t / p).
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func klDivergence(reduction: Reduction = .mean) -> Loss {
    Loss("KLDivergence", ["reduction": reduction])
  }

  /// Mean of (p − t)².
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func meanSquaredError(reduction: Reduction = .mean) -> Loss {
    Loss("MeanSquaredError", ["reduction": reduction])
  }

  /// Mean of |p − t|.
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func meanAbsoluteError(reduction: Reduction = .mean) -> Loss {
    Loss("MeanAbsoluteError", ["reduction": reduction])
  }

  /// 100 times the mean of |p − t| / |t|.
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func meanAbsolutePercentageError(reduction: Reduction = .mean) -> Loss {
    Loss("MeanAbsolutePercentageError", ["reduction": reduction])
  }

  /// Mean of (log(1 + p) − log(1 + t))².
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func meanSquaredLogarithmicError(reduction: Reduction = .mean) -> Loss {
    Loss("MeanSquaredLogarithmicError", ["reduction": reduction])
  }

  /// Squares near the target, a straight line beyond `delta`.
  ///
  /// - Parameters:
  ///   - delta: Where the line begins.
  ///   - reduction: How the losses of the predictions become one number.
  public static func huber(delta: Double = 1, reduction: Reduction = .mean) -> Loss {
    Loss("Huber", ["delta": delta, "reduction": reduction])
  }

  /// Mean of log(cosh(p − t)).
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func logCosh(reduction: Reduction = .mean) -> Loss {
    Loss("LogCosh", ["reduction": reduction])
  }

  /// Mean of p − t · log(p).
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func poisson(reduction: Reduction = .mean) -> Loss {
    Loss("Poisson", ["reduction": reduction])
  }

  /// The cosine of the angle between prediction and target, with the sign turned.
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func cosineSimilarity(reduction: Reduction = .mean) -> Loss {
    Loss("CosineSimilarity", ["reduction": reduction])
  }

  /// Mean of max(1 − t · p, 0), with targets of -1 and 1.
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func hinge(reduction: Reduction = .mean) -> Loss {
    Loss("Hinge", ["reduction": reduction])
  }

  /// Mean of max(1 − t · p, 0)².
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func squaredHinge(reduction: Reduction = .mean) -> Loss {
    Loss("SquaredHinge", ["reduction": reduction])
  }

  /// max(1 + the best wrong prediction − the right one, 0).
  ///
  /// - Parameter reduction: How the losses of the predictions become one number.
  public static func categoricalHinge(reduction: Reduction = .mean) -> Loss {
    Loss("CategoricalHinge", ["reduction": reduction])
  }

  /// 1 − 2 · Σ t·p / (Σt + Σp): how little two regions overlap.
  ///
  /// - Parameters:
  ///   - axis: `nil` for the whole batch, `-1` for each row, or all axes but that of the samples.
  ///   - reduction: How the losses of the predictions become one number.
  public static func dice(axis: (any Axes)? = nil, reduction: Reduction = .mean) -> Loss {
    Loss("Dice", ["axis": given(axis), "reduction": reduction])
  }

  /// Dice with weights of their own for what is missed and what is too much.
  ///
  /// - Parameters:
  ///   - alpha: Weight of targets without their prediction.
  ///   - beta: Weight of predictions without their target.
  ///   - axis: `nil` for the whole batch, `-1` for each row, or all axes but that of the samples.
  ///   - reduction: How the losses of the predictions become one number.
  public static func tversky(
    alpha: Double = 0.5, beta: Double = 0.5, axis: (any Axes)? = nil, reduction: Reduction = .mean
  ) -> Loss {
    Loss("Tversky", ["alpha": alpha, "beta": beta, "axis": given(axis), "reduction": reduction])
  }
}
