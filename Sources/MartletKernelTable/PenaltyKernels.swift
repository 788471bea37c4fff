/// What large numbers cost: l1·Σ|x| + l2·Σx², without a half (`keras/src/regularizers`).
package struct PenaltyKernels: Sendable {
  /// The penalty of `count` numbers.
  package var value: @Sendable (_ x: Source, _ l1: Float, _ l2: Float, _ count: Int) -> Float
  /// dx += scale · (l1·sign(x) + 2·l2·x), where the sign of 0 is 0.
  package var addGradient:
    @Sendable (
      _ x: Source, _ l1: Float, _ l2: Float, _ scale: Float, _ dx: Target, _ count: Int
    ) -> Void

  package init(
    value: @escaping @Sendable (Source, Float, Float, Int) -> Float,
    addGradient: @escaping @Sendable (Source, Float, Float, Float, Target, Int) -> Void
  ) {
    self.value = value
    self.addGradient = addGradient
  }
}
