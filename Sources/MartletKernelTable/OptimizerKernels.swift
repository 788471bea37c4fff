/// Keras's update rules (`keras/src/optimizers`), one pass over a stretch of a parameter buffer.
package struct OptimizerKernels: Sendable {
  /// w −= rate · g.
  package var sgd: @Sendable (_ w: Target, _ g: Source, _ rate: Float, _ count: Int) -> Void
  /// m = momentum·m − rate·g; w += m, or with `nesterov` w += momentum·m − rate·g with the new m.
  package var momentum:
    @Sendable (
      _ w: Target, _ g: Source, _ m: Target, _ rate: Float, _ momentum: Float, _ nesterov: Bool,
      _ count: Int
    ) -> Void
  /// m += (g − m)(1 − β₁); v += (g² − v)(1 − β₂); w −= m·alpha / (√v + ε), with
  /// alpha = rate·√(1 − β₂ᵗ)/(1 − β₁ᵗ) worked out by the caller (Kingma & Ba 2014, "epsilon hat").
  /// The caller takes the same floats β₁ and β₂: 1 − β₂ is 1e-5 off for the float nearest to 0.999,
  /// which cancels only where both sides have it.
  package var adam:
    @Sendable (
      _ w: Target, _ g: Source, _ m: Target, _ v: Target, _ alpha: Float, _ beta1: Float,
      _ beta2: Float, _ epsilon: Float, _ count: Int
    ) -> Void
  /// v = ρ·v + (1 − ρ)g²; push = rate·g / √(v + ε), ε inside the root (Hinton's lecture 6e, 2012, as
  /// Keras has it). With `mean`, where v is centered: mean = ρ·mean + (1 − ρ)g, and v − mean² takes
  /// the place of v in the root. w −= push, or with `velocity`: velocity = momentum·velocity + push;
  /// w −= velocity.
  package var rmsprop:
    @Sendable (
      _ w: Target, _ g: Source, _ v: Target, _ velocity: Target?, _ mean: Target?, _ rate: Float,
      _ rho: Float, _ momentum: Float, _ epsilon: Float, _ count: Int
    ) -> Void

  package init(
    sgd: @escaping @Sendable (Target, Source, Float, Int) -> Void,
    momentum: @escaping @Sendable (Target, Source, Target, Float, Float, Bool, Int) -> Void,
    adam:
      @escaping @Sendable (
        Target, Source, Target, Target, Float, Float, Float, Float, Int
      ) -> Void,
    rmsprop:
      @escaping @Sendable (
        Target, Source, Target, Target?, Target?, Float, Float, Float, Float, Int
      ) -> Void
  ) {
    self.sgd = sgd
    self.momentum = momentum
    self.adam = adam
    self.rmsprop = rmsprop
  }
}
