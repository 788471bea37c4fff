package struct LayoutKernels: Sendable {
  /// Another order of axes: y is contiguous with these extents, and along each of its axes x is
  /// walked with that axis's step. Overwrites `y`.
  package var permute:
    @Sendable (
      _ x: Source, _ xSteps: UnsafePointer<Int>, _ y: Target, _ extents: UnsafePointer<Int>,
      _ rank: Int
    ) -> Void

  package init(
    permute:
      @escaping @Sendable (
        _ x: Source, _ xSteps: UnsafePointer<Int>, _ y: Target, _ extents: UnsafePointer<Int>,
        _ rank: Int
      ) -> Void
  ) {
    self.permute = permute
  }
}
