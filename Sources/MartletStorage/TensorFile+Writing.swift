import MartletGraph
import MartletTensors

/// A tensor on its way into a file. The values must stay until it is written.
package struct NamedTensor {
  let name: String
  let shape: Shape
  let values: UnsafePointer<Float>

  package init(_ name: String, _ shape: Shape, _ values: UnsafePointer<Float>) {
    self.name = name
    self.shape = shape
    self.values = values
  }
}

extension TensorFile {
  /// Writes a file, whole or not at all.
  ///
  /// - Parameters:
  ///   - tensors: Of different names.
  ///   - metadata: Texts by name.
  /// - Throws: `file` where the system refuses, `invalidArgument` for a header that nobody would read.
  package static func write(
    _ tensors: [NamedTensor], metadata: JSONObject, to path: String
  ) throws(MartletError) {
    let header = try header(tensors, metadata)
    let file = try FileReplacement(of: path)
    try header.withUnsafeBufferPointer { bytes throws(MartletError) in
      try file.write(UnsafeRawBufferPointer(bytes))
    }
    for tensor in tensors {
      try file.write(
        UnsafeRawBufferPointer(UnsafeBufferPointer(start: tensor.values, count: tensor.shape.count))
      )
    }
    try file.finish()
  }

  private static func header(
    _ tensors: [NamedTensor], _ metadata: JSONObject
  ) throws(MartletError) -> [UInt8] {
    var header: JSONObject = [:]
    header[metadataKey] = .object(metadata)
    var end = 0
    for tensor in tensors {
      guard header[tensor.name] == nil else {
        throw .invalidArgument("two tensors would have the name '\(tensor.name)' in the file")
      }
      let start = end
      end += tensor.shape.count * MemoryLayout<Float>.size
      header[tensor.name] = [
        "dtype": "F32", "shape": .integers(tensor.shape.extents),
        "data_offsets": .integers([start, end]),
      ]
    }
    var text = Array(JSONValue.object(header).description.utf8)
    // So that tensors begin where a reader may map them.
    let alignment = 8
    text += [UInt8](repeating: UInt8(ascii: " "), count: -text.count & (alignment - 1))
    guard text.count <= largestHeader else {
      throw .invalidArgument(
        "the description of the model has \(text.count) bytes, a safetensors file takes "
          + "\(largestHeader)")
    }
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
  }
}
