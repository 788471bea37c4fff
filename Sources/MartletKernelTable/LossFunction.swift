/// What a loss compares, row by row. Semantics of Keras 3, `keras/src/losses/losses.py` and
/// `keras/src/backend/tensorflow/nn.py` (clip to [1e-7, 1 − 1e-7] where probabilities are given).
package enum LossFunction: Hashable, Sendable {
  case sparseCategoricalCrossentropy(fromLogits: Bool)
  case categoricalCrossentropy(fromLogits: Bool, labelSmoothing: Float)
  case binaryCrossentropy(fromLogits: Bool, labelSmoothing: Float)
  case categoricalFocalCrossentropy(CategoricalFocus)
  case binaryFocalCrossentropy(BinaryFocus)
  case klDivergence
  case meanSquaredError
  case meanAbsoluteError
  case meanAbsolutePercentageError
  case meanSquaredLogarithmicError
  case huber(delta: Float)
  case logCosh
  case poisson
  case cosineSimilarity
  case hinge
  case squaredHinge
  case categoricalHinge
  case overlap(Overlap)
  /// The mean of the prediction itself: of values that are a loss already. Reads no targets.
  case given
}

/// The crossentropy times alpha · (1 − p)^gamma, which turns from what is easy to what is hard (Lin et
/// al. 2017, arXiv:1708.02002).
package struct CategoricalFocus: Hashable, Sendable {
  package var fromLogits: Bool
  package var labelSmoothing: Float
  package var gamma: Float
  package var alpha: Float

  package init(fromLogits: Bool, labelSmoothing: Float, gamma: Float, alpha: Float) {
    self.fromLogits = fromLogits
    self.labelSmoothing = labelSmoothing
    self.gamma = gamma
    self.alpha = alpha
  }
}

/// The binary crossentropy times (1 − p of the target)^gamma, and times a weight for each side.
package struct BinaryFocus: Hashable, Sendable {
  package var fromLogits: Bool
  package var labelSmoothing: Float
  package var gamma: Float
  package var positiveWeight: Float
  package var negativeWeight: Float

  package init(
    fromLogits: Bool, labelSmoothing: Float, gamma: Float, positiveWeight: Float,
    negativeWeight: Float
  ) {
    self.fromLogits = fromLogits
    self.labelSmoothing = labelSmoothing
    self.gamma = gamma
    self.positiveWeight = positiveWeight
    self.negativeWeight = negativeWeight
  }
}

/// 1 − scale · I / (shared · I + target · Σt + prediction · Σp + 1e-7), where I = Σ t·p: how little two
/// regions have in common. Dice and Tversky differ in the four factors only.
package struct Overlap: Hashable, Sendable {
  private var scale: Double
  private var shared: Double
  private var target: Double
  private var prediction: Double

  package static let dice = Overlap(scale: 2, shared: 0, target: 1, prediction: 1)

  /// - Parameters:
  ///   - alpha: What targets without their prediction count.
  ///   - beta: What predictions without their target count.
  package static func tversky(alpha: Double, beta: Double) -> Overlap {
    Overlap(scale: 1, shared: 1 - alpha - beta, target: alpha, prediction: beta)
  }

  /// Σ t·p, Σt and Σp.
  package struct Sums {
    package var shared: Double
    package var target: Double
    package var prediction: Double

    package init(shared: Double = 0, target: Double = 0, prediction: Double = 0) {
      self.shared = shared
      self.target = target
      self.prediction = prediction
    }
  }

  private func divisor(_ sums: Sums) -> Double {
    shared * sums.shared + target * sums.target + prediction * sums.prediction + 1e-7
  }

  package func loss(_ sums: Sums) -> Double { 1 - scale * sums.shared / divisor(sums) }

  /// The derivative by a prediction with target t is `slope` · t + `shift`.
  package func derivative(_ sums: Sums) -> (slope: Double, shift: Double) {
    let divisor = divisor(sums)
    let ratio = scale * sums.shared / divisor
    return ((ratio * shared - scale) / divisor, ratio * prediction / divisor)
  }
}
