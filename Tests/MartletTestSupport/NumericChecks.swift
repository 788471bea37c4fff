import MartletDispatch
import MartletKernelTable
import MartletTensors
import Testing

extension SeededGenerator {
  package init(seed: Int) { self.init(seed: UInt64(bitPattern: Int64(seed))) }

  package mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }
}

extension Array where Element == Float {
  package var doubles: [Double] { map(Double.init) }
}

/// Compares element by element and reports the worst one with its index.
///
/// An element may be off by `absolute + relative · |expected|`. Both must agree on NaN and on
/// infinities.
package func expectClose(
  _ actual: [Float], _ expected: [Double], relative: Double = 0, absolute: Double = 0,
  _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record(
      "\(what()): \(actual.count) elements instead of \(expected.count)",
      sourceLocation: sourceLocation)
    return
  }
  var worst: (index: Int, excess: Double)?
  for index in actual.indices {
    let a = Double(actual[index])
    let e = expected[index]
    // A value beyond float's range is right as infinity.
    if a == e || (a.isNaN && e.isNaN) || Double(Float(e)) == a { continue }
    let allowed = absolute + relative * e.magnitude
    let difference = (a - e).magnitude
    let excess = difference.isNaN ? .infinity : allowed > 0 ? difference / allowed : .infinity
    if excess > 1, excess > worst?.excess ?? 0 { worst = (index, excess) }
  }
  if let worst {
    Issue.record(
      """
      \(what()): element \(worst.index) of \(actual.count) is \(actual[worst.index]) instead of \
      \(expected[worst.index]), \(worst.excess) times the tolerance
      """, sourceLocation: sourceLocation)
  }
}

/// Floats with guards on both sides, at an address that no vector is aligned to.
///
/// The memory is never freed: Swift may release an object after its last mention, while a kernel
/// still works on its pointer, and tests are short.
package final class GuardedFloats {
  /// A NaN with a payload no kernel makes.
  private static let sentinel: UInt32 = 0x7fc0_5a5a
  private static let guardCount = 37
  private let memory: UnsafeMutablePointer<Float>
  package let count: Int

  package init(_ values: [Float]) {
    count = values.count
    let total = count + 2 * GuardedFloats.guardCount
    memory = .allocate(capacity: total)
    memory.initialize(repeating: Float(bitPattern: GuardedFloats.sentinel), count: total)
    for (index, value) in values.enumerated() { pointer[index] = value }
  }

  /// Values that any kernel must overwrite.
  package convenience init(count: Int) {
    self.init([Float](repeating: Float(bitPattern: GuardedFloats.sentinel), count: count))
  }

  package var pointer: UnsafeMutablePointer<Float> { memory + GuardedFloats.guardCount }
  package var source: UnsafePointer<Float> { UnsafePointer(pointer) }
  package var values: [Float] { (0..<count).map { pointer[$0] } }
  package var doubles: [Double] { values.doubles }

  /// Checks that nothing outside was written.
  package func expectGuards(
    _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for index in 0..<GuardedFloats.guardCount {
      for place in [index, GuardedFloats.guardCount + count + index]
      where memory[place].bitPattern != GuardedFloats.sentinel {
        Issue.record(
          "\(what()): wrote to element \(place - GuardedFloats.guardCount) of \(count)",
          sourceLocation: sourceLocation)
        return
      }
    }
  }
}

/// Counts below, at and above vectors of every level and the four-vector blocks of the kernels.
package func awkwardCounts(_ kernels: Kernels) -> [Int] {
  let w = kernels.vectorWidth
  return Set([1, 2, 3, 5, w - 1, w, w + 1, 2 * w + 3, 4 * w - 1, 4 * w, 4 * w + 1, 9 * w + 5])
    .sorted()
}

/// The slope of `f` at each coordinate of `x` by central differences, in double precision: its own
/// error is about 1e-9 for functions of order 1.
package func centralDifferences(
  at x: [Double], step: Double = 1e-5, _ f: ([Double]) -> Double
) -> [Double] {
  x.indices.map { index in
    var moved = x
    moved[index] = x[index] + step
    let above = f(moved)
    moved[index] = x[index] - step
    return (above - f(moved)) / (2 * step)
  }
}

/// One float's distance from the next, relative to it.
package let ulp = 0x1p-23

extension Kernels: CustomTestStringConvertible {
  package var testDescription: String { name }
}
