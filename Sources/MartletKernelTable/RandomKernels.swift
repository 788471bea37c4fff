/// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405).
///
/// `key` is the seed; `stream` names the use (layer, step); element i takes word i % 4 of the block
/// with counter (i / 4, stream). So any stretch can be made alone, in any order, on any thread.
package struct RandomKernels: Sendable {
  /// Uniform in [0, 1): the 24 high bits of a word over 2²⁴. Elements `first ..< first + count`.
  package var uniform:
    @Sendable (_ key: UInt64, _ stream: UInt64, _ first: Int, _ y: Target, _ count: Int) -> Void
  /// Standard normal by Box & Muller, elements 2j and 2j + 1 from words of the same block.
  package var normal:
    @Sendable (_ key: UInt64, _ stream: UInt64, _ first: Int, _ y: Target, _ count: Int) -> Void
  /// y = x / (1 − rate) where the element's uniform number is ≥ rate, else 0. Its own gradient:
  /// applied to dy with the same key, stream and `first` it gives dx. `y` may be `x`.
  package var dropout:
    @Sendable (
      _ x: Source, _ y: Target, _ count: Int, _ rate: Float, _ key: UInt64, _ stream: UInt64,
      _ first: Int
    ) -> Void

  package init(
    uniform:
      @escaping @Sendable (_ key: UInt64, _ stream: UInt64, _ first: Int, _ y: Target, _ count: Int)
      -> Void,
    normal:
      @escaping @Sendable (_ key: UInt64, _ stream: UInt64, _ first: Int, _ y: Target, _ count: Int)
      -> Void,
    dropout:
      @escaping @Sendable (
        _ x: Source, _ y: Target, _ count: Int, _ rate: Float, _ key: UInt64, _ stream: UInt64,
        _ first: Int
      ) -> Void
  ) {
    self.uniform = uniform
    self.normal = normal
    self.dropout = dropout
  }
}
