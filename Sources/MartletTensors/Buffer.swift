#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory of a fixed size and place, aligned for the widest vectors, freed with its last owner.
package final class Buffer: @unchecked Sendable {
  package let bytes: UnsafeMutableRawPointer
  package let byteCount: Int
  /// A cache line, and the width of an AVX-512 vector.
  package static let alignment = 64

  /// Zero-filled memory.
  ///
  /// - Throws: `outOfMemory` with the size asked for.
  package init(byteCount: Int) throws(MartletError) {
    let rounded = (max(byteCount, 1) + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
    var pointer: UnsafeMutableRawPointer?
    // Pages that nobody touched yet come zeroed from calloc-sized mappings only, so clear by hand:
    // posix_memalign recycles.
    guard posix_memalign(&pointer, Buffer.alignment, rounded) == 0, let pointer else {
      throw MartletError(.outOfMemory, "no memory for \(byteCount) bytes")
    }
    memset(pointer, 0, rounded)
    self.bytes = pointer
    self.byteCount = byteCount
  }

  package convenience init(floatCount: Int) throws(MartletError) {
    try self.init(byteCount: floatCount * MemoryLayout<Float>.stride)
  }

  deinit { free(bytes) }

  /// The memory as floats. Valid while the buffer lives.
  package var floats: UnsafeMutablePointer<Float> {
    bytes.assumingMemoryBound(to: Float.self)
  }
}
