import CMartlet
import MartletTensors

/// A struct of the header that begins with its size, set by the caller, and may grow at its end. What
/// a program with an older header does not have is 0 here; what one with a newer header has beyond
/// this version is left alone.
package protocol GrowingStruct {
  static var structName: StaticString { get }
  /// Bytes of the first version, which stay the least when fields are added.
  static var firstByteCount: Int { get }
  /// All zeros.
  init()
}

extension martlet_data: GrowingStruct {
  package static var structName: StaticString { "martlet_data" }
  package static var firstByteCount: Int { 64 }
}

extension martlet_epoch_options: GrowingStruct {
  package static var structName: StaticString { "martlet_epoch_options" }
  package static var firstByteCount: Int { 48 }
}

extension martlet_weight_info: GrowingStruct {
  package static var structName: StaticString { "martlet_weight_info" }
  package static var firstByteCount: Int { 104 }
}

/// The caller's struct, as far as the caller has it.
package func readStruct<Struct: GrowingStruct>(
  _ pointer: UnsafePointer<Struct>
) throws(MartletError) -> Struct {
  let source = UnsafeRawPointer(pointer)
  let count = try sharedByteCount(source, of: Struct.self)
  var known = Struct()
  withUnsafeMutableBytes(of: &known) {
    $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: count))
  }
  return known
}

/// Fills the caller's struct, as far as the caller has it.
package func writeStruct<Struct: GrowingStruct>(
  _ value: Struct, to pointer: UnsafeMutablePointer<Struct>
) throws(MartletError) {
  let target = UnsafeMutableRawPointer(pointer)
  let count = try sharedByteCount(target, of: Struct.self)
  let given = target.load(as: Int.self)
  withUnsafeBytes(of: value) {
    UnsafeMutableRawBufferPointer(start: target, count: count)
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count]))
  }
  target.storeBytes(of: given, as: Int.self)
}

/// Bytes that both the caller and this library know of a struct.
private func sharedByteCount<Struct: GrowingStruct>(
  _ pointer: UnsafeRawPointer, of _: Struct.Type
) throws(MartletError) -> Int {
  let given = pointer.load(as: Int.self)
  let own = MemoryLayout<Struct>.stride
  guard given >= Struct.firstByteCount else {
    throw .invalidArgument(
      "struct_size of \(Struct.structName) must be sizeof(\(Struct.structName)), \(own), received \(given)"
    )
  }
  return min(given, own)
}
