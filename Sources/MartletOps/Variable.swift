import MartletTensors

/// A weight: a named tensor that lives as long as its layer and keeps its place in memory, so that
/// plans may hold its address.
package final class Variable: @unchecked Sendable {
  /// Within its layer: `kernel`, `bias`, `gamma`, …
  package let name: String
  package let shape: Shape
  /// Whether training may change it by gradient; moving averages say no.
  package let isTrainable: Bool
  /// What its size adds to the loss while it is trained.
  package let penalty: Penalty?
  /// Where it is brought back to after each step.
  package let projection: Projection?
  /// Set while its layer's `trainable` is false.
  package var isFrozen = false
  /// Rises with every change of the values, so that packed copies know when they are stale.
  package private(set) var version = 0

  private let buffer: Buffer

  /// Zeros.
  package init(
    name: String, shape: Shape, isTrainable: Bool = true, penalty: Penalty? = nil,
    projection: Projection? = nil
  ) throws(MartletError) {
    self.name = name
    self.shape = shape
    self.isTrainable = isTrainable
    self.penalty = penalty
    self.projection = projection
    self.buffer = try Buffer(floatCount: shape.count)
  }

  package var receivesGradient: Bool { isTrainable && !isFrozen }
  package var count: Int { shape.count }
  package var values: UnsafePointer<Float> { UnsafePointer(buffer.floats) }

  /// The values for writing. Counts as a change.
  package func mutableValues() -> UnsafeMutablePointer<Float> {
    markChanged()
    return buffer.floats
  }

  /// For writers that keep the address.
  package func markChanged() { version += 1 }
}
