import MartletGraph
import MartletTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file of named float32 tensors in the safetensors format: eight bytes with the length of the header
/// (little-endian), the header, a JSON object that says dtype, shape and place of each tensor and holds
/// texts in `__metadata__`, and the tensors one behind the other.
///
/// Nothing that a file says is believed before it has been held against the file's size.
package final class TensorFile {
  package let path: String
  package let metadata: [String: String]
  private let descriptor: Int32
  private let tensors: [String: Tensor]
  private let start: Int
  /// Names of those that nobody has read.
  private var unread: Set<String>

  fileprivate struct Tensor {
    let extents: [Int]
    /// In bytes, from `start`.
    let range: Range<Int>
  }

  /// What others who read the format accept at most.
  static let largestHeader = 100_000_000
  static let metadataKey = "__metadata__"
  private static let lengthSize = 8

  /// - Throws: `file` for a file that cannot be opened, is cut short, damaged, or of another format.
  package init(reading path: String) throws(MartletError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw MartletError(.file, "'\(path)' cannot be read: \(String(cString: strerror(errno)))")
    }
    do {
      (metadata, tensors, start) = try TensorFile.header(descriptor, path)
      unread = Set(tensors.keys)
    } catch {
      close(descriptor)
      throw MartletError(error.kind, "'\(path)' \(error.message)")
    }
  }

  deinit { close(descriptor) }

  private static func header(
    _ descriptor: Int32, _ path: String
  ) throws(MartletError) -> ([String: String], [String: Tensor], Int) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw MartletError(.file, "cannot be read: it is no file")
    }
    let size = Int(status.st_size)
    guard size >= lengthSize else { throw damaged("it has \(size) bytes") }
    var length: UInt64 = 0
    try withUnsafeMutableBytes(of: &length) { bytes throws(MartletError) in
      try read(descriptor, at: 0, into: bytes)
    }
    length = UInt64(littleEndian: length)
    guard length <= UInt64(size - lengthSize), length <= UInt64(largestHeader) else {
      throw damaged(
        "its header claims to have \(length) bytes, and \(size - lengthSize) are there")
    }
    var text = [UInt8](repeating: 0, count: Int(length))
    do throws(MartletError) {
      try text.withUnsafeMutableBufferPointer { bytes throws(MartletError) in
        try read(descriptor, at: lengthSize, into: UnsafeMutableRawBufferPointer(bytes))
      }
      let header = try JSONValue(parsing: text)
      let start = lengthSize + Int(length)
      let (metadata, tensors) = try TensorFile.tensors(header, byteCount: size - start)
      return (metadata, tensors, start)
    } catch {
      throw error.kind == .file ? error : damaged(error.message)
    }
  }

  private static func damaged(_ reason: String) -> MartletError {
    MartletError(
      .file, "cannot be read, it is no safetensors file, cut short or damaged: \(reason)")
  }

  private static func tensors(
    _ header: JSONValue, byteCount: Int
  ) throws(MartletError) -> ([String: String], [String: Tensor]) {
    guard case .object(let members) = header else {
      throw damaged("its header is no object")
    }
    var metadata: [String: String] = [:]
    var tensors: [String: Tensor] = [:]
    for (name, value) in members.members {
      guard case .object(let object) = value else {
        throw damaged("\"\(name)\" in its header is no object")
      }
      if name == metadataKey {
        for key in object.keys { metadata[key] = try object.text(key) }
      } else {
        tensors[name] = try tensor(name, object)
      }
    }
    // One behind the other, from the first byte to the last.
    var end = 0
    let inOrder = tensors.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound)
        < ($1.value.range.lowerBound, $1.value.range.upperBound)
    }
    for (name, tensor) in inOrder {
      guard tensor.range.lowerBound == end else {
        throw damaged(
          "tensor '\(name)' begins at byte \(tensor.range.lowerBound), expected \(end)")
      }
      end = tensor.range.upperBound
    }
    guard end == byteCount else {
      throw damaged("its tensors have \(end) bytes, and \(byteCount) are there")
    }
    return (metadata, tensors)
  }

  private static func tensor(_ name: String, _ object: JSONObject) throws(MartletError) -> Tensor {
    let type = try object.text("dtype")
    guard type == "F32" else {
      throw damaged("tensor '\(name)' is of type \(type), expected F32")
    }
    let offsets = try integers(try object.array("data_offsets"))
    let extents = try integers(try object.array("shape"))
    var bytes = MemoryLayout<Float>.size
    for extent in extents {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw damaged("tensor '\(name)' is too large") }
      bytes = product
    }
    guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] - offsets[0] == bytes else {
      throw damaged(
        "tensor '\(name)' of shape \(Shape.text(extents)) takes \(bytes) bytes, its place is "
          + Shape.text(offsets))
    }
    return Tensor(extents: extents, range: offsets[0]..<offsets[1])
  }

  /// Whole numbers from 0 up.
  private static func integers(_ values: [JSONValue]) throws(MartletError) -> [Int] {
    var result: [Int] = []
    for value in values {
      guard case .integer(let integer) = value, integer >= 0 else {
        throw damaged("expected a whole number from 0 up, found \(value.excerpt())")
      }
      result.append(integer)
    }
    return result
  }

  // MARK: Tensors

  /// - Throws: `invalidArgument` if there is no tensor of this name and shape.
  package func expect(_ name: String, _ shape: Shape) throws(MartletError) {
    guard let tensor = tensors[name] else {
      throw .invalidArgument("'\(path)' has no tensor '\(name)'")
    }
    guard tensor.extents == shape.extents else {
      throw .invalidArgument(
        "'\(path)': tensor '\(name)' has shape \(Shape.text(tensor.extents)), expected \(shape)")
    }
  }

  /// Copies a tensor out, after `expect`.
  ///
  /// - Parameter values: Room for all of its numbers.
  package func read(
    _ name: String, _ shape: Shape, into values: UnsafeMutablePointer<Float>
  ) throws(MartletError) {
    try expect(name, shape)
    guard let tensor = tensors[name] else { return }
    unread.remove(name)
    let bytes = UnsafeMutableRawBufferPointer(start: values, count: tensor.range.count)
    do {
      try TensorFile.read(descriptor, at: start + tensor.range.lowerBound, into: bytes)
    } catch {
      throw MartletError(error.kind, "'\(path)' \(error.message)")
    }
  }

  /// - Throws: `invalidArgument` if a tensor has not been read: the file is of something else.
  package func expectAllRead() throws(MartletError) {
    guard let left = unread.min() else { return }
    throw .invalidArgument("'\(path)' has a tensor '\(left)', for which there is no place")
  }

  private static func read(
    _ descriptor: Int32, at offset: Int, into bytes: UnsafeMutableRawBufferPointer
  ) throws(MartletError) {
    let largest = 1 << 30
    var done = 0
    while done < bytes.count {
      let count = pread(
        descriptor, bytes.baseAddress! + done, min(bytes.count - done, largest),
        off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let reason = count < 0 ? String(cString: strerror(errno)) : "it has become shorter"
        throw MartletError(.file, "cannot be read: \(reason)")
      }
      done += count
    }
  }
}
