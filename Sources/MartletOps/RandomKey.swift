import Synchronization

/// The key of a layer's random numbers. An object, so that a layer in use can be given the key of the
/// training that it continues.
package final class RandomKey: ExpressibleByIntegerLiteral, Sendable {
  private let bits: Atomic<UInt64>

  package init(_ value: UInt64) { bits = Atomic(value) }
  package convenience init(integerLiteral value: UInt64) { self.init(value) }

  package var value: UInt64 {
    get { bits.load(ordering: .relaxed) }
    set { bits.store(newValue, ordering: .relaxed) }
  }
}
