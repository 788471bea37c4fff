/// Keras's update rules (`keras/src/optimizers`) and what goes with them, one pass over a stretch of a
/// parameter buffer. Letters: w weights, g gradient, m mean of gradients, v mean of their squares.
///
/// Callers of the Adam family work out their corrections for the first steps from the same floats β₁
/// and β₂: 1 − β₂ is 1e-5 off for the float nearest to 0.999, which cancels only where both sides have
/// it.
package struct OptimizerKernels: Sendable {
  package typealias SGD =
    @Sendable (_ w: Target, _ g: Source, _ rate: Float, _ count: Int) -> Void
  package typealias Momentum =
    @Sendable (
      _ w: Target, _ g: Source, _ m: Target, _ rate: Float, _ momentum: Float, _ nesterov: Bool,
      _ count: Int
    ) -> Void
  package typealias RMSprop =
    @Sendable (
      _ w: Target, _ g: Source, _ v: Target, _ velocity: Target?, _ mean: Target?, _ rate: Float,
      _ rho: Float, _ momentum: Float, _ epsilon: Float, _ count: Int
    ) -> Void
  package typealias Adam =
    @Sendable (
      _ w: Target, _ g: Source, _ m: Target, _ v: Target, _ greatest: Target?, _ alpha: Float,
      _ beta1: Float, _ beta2: Float, _ epsilon: Float, _ count: Int
    ) -> Void
  package typealias Adamax =
    @Sendable (
      _ w: Target, _ g: Source, _ m: Target, _ norm: Target, _ alpha: Float, _ beta1: Float,
      _ beta2: Float, _ epsilon: Float, _ count: Int
    ) -> Void
  package typealias Nadam =
    @Sendable (
      _ w: Target, _ g: Source, _ m: Target, _ v: Target, _ meanRate: Float, _ gradientRate: Float,
      _ squareScale: Float, _ beta1: Float, _ beta2: Float, _ epsilon: Float, _ count: Int
    ) -> Void
  package typealias Adagrad =
    @Sendable (
      _ w: Target, _ g: Source, _ sum: Target, _ rate: Float, _ epsilon: Float, _ count: Int
    ) -> Void
  package typealias Adadelta =
    @Sendable (
      _ w: Target, _ g: Source, _ v: Target, _ moves: Target, _ rate: Float, _ rho: Float,
      _ epsilon: Float, _ count: Int
    ) -> Void
  package typealias Lion =
    @Sendable (
      _ w: Target, _ g: Source, _ m: Target, _ rate: Float, _ beta1: Float, _ beta2: Float,
      _ count: Int
    ) -> Void
  package typealias Ftrl =
    @Sendable (
      _ w: Target, _ g: Source, _ sum: Target, _ linear: Target, _ rate: Float, _ power: Float,
      _ l1: Float, _ l2: Float, _ shrinkage: Float, _ count: Int
    ) -> Void
  package typealias Scaling = @Sendable (_ x: Target, _ factor: Float, _ count: Int) -> Void
  package typealias Average =
    @Sendable (
      _ w: Target, _ average: Target, _ momentum: Float, _ overwrites: Bool, _ count: Int
    ) -> Void

  /// w −= rate · g.
  package var sgd: SGD
  /// m = momentum·m − rate·g; w += m, or with `nesterov` w += momentum·m − rate·g with the new m.
  package var momentum: Momentum
  /// v = ρ·v + (1 − ρ)g²; push = rate·g / √(v + ε), ε inside the root (Hinton's lecture 6e, 2012, as
  /// Keras has it). With `mean`, where v is centered: mean = ρ·mean + (1 − ρ)g, and v − mean² takes
  /// the place of v in the root. w −= push, or with `velocity`: velocity = momentum·velocity + push;
  /// w −= velocity.
  package var rmsprop: RMSprop
  /// m += (g − m)(1 − β₁); v += (g² − v)(1 − β₂); w −= m·alpha / (√v + ε), with
  /// alpha = rate·√(1 − β₂ᵗ)/(1 − β₁ᵗ) (Kingma & Ba 2014, "epsilon hat"). With `greatest` that takes
  /// the place of v in the last step: greatest = max(greatest, v) (Reddi et al. 2018, AMSGrad).
  package var adam: Adam
  /// m += (g − m)(1 − β₁); norm = max(β₂·norm, |g|); w −= m·alpha / (norm + ε), with
  /// alpha = rate/(1 − β₁ᵗ) (Kingma & Ba 2014, section 7.1).
  package var adamax: Adamax
  /// m and v as `adam`; w −= (meanRate·m + gradientRate·g) / (√(squareScale·v) + ε) (Dozat 2016).
  package var nadam: Nadam
  /// sum += g²; w −= rate·g / √(sum + ε) (Duchi, Hazan & Singer 2011).
  package var adagrad: Adagrad
  /// v = ρ·v + (1 − ρ)g²; d = g·√(moves + ε)/√(v + ε); moves = ρ·moves + (1 − ρ)d²; w −= rate·d
  /// (Zeiler 2012).
  package var adadelta: Adadelta
  /// w −= rate·sign(β₁·m + (1 − β₁)g); m = β₂·m + (1 − β₂)g (Chen et al. 2023).
  package var lion: Lion
  /// With s = sum and s' = s + g² after it: linear += g + 2·shrinkage·w − (s'ᵖ − sᵖ)/rate · w;
  /// w = (linear clipped to ±l1 − linear) / (s'ᵖ/rate + 2·l2) (McMahan et al. 2013), p from 0 up.
  package var ftrl: Ftrl
  /// x −= factor · x: what weight decay does.
  package var shrink: Scaling
  /// x *= factor.
  package var scale: Scaling
  /// x becomes what is nearest to it from −limit to limit; NaN stays.
  package var clip: Scaling
  /// average = momentum·average + (1 − momentum)w, and then w = average if it overwrites.
  package var average: Average

  package init(
    sgd: @escaping SGD, momentum: @escaping Momentum, rmsprop: @escaping RMSprop,
    adam: @escaping Adam, adamax: @escaping Adamax, nadam: @escaping Nadam,
    adagrad: @escaping Adagrad, adadelta: @escaping Adadelta, lion: @escaping Lion,
    ftrl: @escaping Ftrl, shrink: @escaping Scaling, scale: @escaping Scaling,
    clip: @escaping Scaling, average: @escaping Average
  ) {
    self.sgd = sgd
    self.momentum = momentum
    self.rmsprop = rmsprop
    self.adam = adam
    self.adamax = adamax
    self.nadam = nadam
    self.adagrad = adagrad
    self.adadelta = adadelta
    self.lion = lion
    self.ftrl = ftrl
    self.shrink = shrink
    self.scale = scale
    self.clip = clip
    self.average = average
  }
}
