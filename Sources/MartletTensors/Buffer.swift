#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory of a fixed size and place, aligned for the widest vectors, freed with its last owner.
package final class Buffer: @unchecked Sendable {
  package let bytes: UnsafeMutableRawPointer
  package let byteCount: Int
  private let block: UnsafeMutableRawPointer
  /// A cache line, and the width of an AVX-512 vector.
  package static let alignment = 64
  /// Bytes behind the end that may be read, never written: kernels load whole vectors.
  package static let slack = 64

  /// Zero-filled memory.
  ///
  /// - Throws: `outOfMemory` with the size asked for.
  package init(byteCount: Int) throws(MartletError) {
    // calloc leaves fresh pages untouched until they are used, and knows which ones are zero.
    guard let block = calloc(1, byteCount + Buffer.slack + Buffer.alignment) else {
      throw MartletError(.outOfMemory, "no memory for \(byteCount) bytes")
    }
    self.block = block
    let misalignment = Int(bitPattern: block) % Buffer.alignment
    self.bytes = block + (Buffer.alignment - misalignment)
    self.byteCount = byteCount
  }

  package convenience init(floatCount: Int) throws(MartletError) {
    try self.init(byteCount: floatCount * MemoryLayout<Float>.stride)
  }

  deinit { free(block) }

  /// The memory as floats. Valid while the buffer lives.
  package var floats: UnsafeMutablePointer<Float> {
    bytes.assumingMemoryBound(to: Float.self)
  }
}
