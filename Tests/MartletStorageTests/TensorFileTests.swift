import Foundation
import MartletGraph
import MartletStorage
import MartletTensors
import Testing

/// A folder that goes with the test.
final class Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "martlet-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }
  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
}

func bytes(of path: String) -> [UInt8] {
  Array(FileManager.default.contents(atPath: path) ?? Data())
}

func write(_ bytes: [UInt8], to path: String) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}

/// A safetensors file of a header as it is given.
func write(header: String, _ data: [UInt8] = [], to path: String) throws {
  let text = Array(header.utf8)
  let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
  try write(length + text + data, to: path)
}

func failure(
  _ kind: MartletError.Kind, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) -> String {
  do {
    try body()
  } catch let error as MartletError {
    #expect(error.kind == kind, sourceLocation: sourceLocation)
    return error.message
  } catch {
    Issue.record("not a MartletError: \(error)", sourceLocation: sourceLocation)
  }
  return ""
}

struct TensorFileTests {
  private let folder: Folder
  private let path: String

  init() throws {
    folder = try Folder()
    path = folder.file("t.safetensors")
  }

  /// The example of the format's own description: length, header, numbers.
  @Test func readsWhatOthersWrite() throws {
    let numbers: [Float] = [1, -2, 0.5]
    try write(
      header: #"{"b":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},"#
        + #""a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"__metadata__":{"x":"y"}}   "#,
      numbers.withUnsafeBytes { Array($0) }, to: path)
    let file = try TensorFile(reading: path)
    #expect(file.metadata == ["x": "y"])
    var values: [Float] = [0, 0]
    try file.read("a", .scalar, into: &values)
    #expect(values[0] == 1)
    #expect(
      failure(.invalidArgument) { try file.expectAllRead() }
        == "'\(path)' has a tensor 'b', for which there is no place")
    try file.read("b", Shape([2, 1]), into: &values)
    #expect(values == [-2, 0.5])
    try file.expectAllRead()
    #expect(
      failure(.invalidArgument) { try file.expect("b", Shape([1, 2])) }
        == "'\(path)': tensor 'b' has shape (2, 1), expected (1, 2)")
    #expect(
      failure(.invalidArgument) { try file.expect("c", .scalar) } == "'\(path)' has no tensor 'c'")
  }

  @Test func writesWhatItReads() throws {
    let (a, b): ([Float], [Float]) = ([1, 2, 3, 4, 5, 6], [7])
    try a.withUnsafeBufferPointer { a in
      try b.withUnsafeBufferPointer { b in
        try TensorFile.write(
          [
            NamedTensor("l/a", Shape([2, 3]), a.baseAddress!),
            NamedTensor("b", .scalar, b.baseAddress!),
          ], metadata: ["k": "\"v\"\n"], to: path)
      }
    }
    #expect(folder.names == ["t.safetensors"])
    let length = bytes(of: path).prefix(8).enumerated().reduce(0) { $0 + Int($1.1) << (8 * $1.0) }
    #expect(length % 8 == 0)
    #expect(bytes(of: path).count == 8 + length + 28)
    let file = try TensorFile(reading: path)
    #expect(file.metadata == ["k": "\"v\"\n"])
    var read = [Float](repeating: 0, count: 6)
    try file.read("l/a", Shape([2, 3]), into: &read)
    #expect(read == a)
    try file.read("b", .scalar, into: &read)
    #expect(read[0] == 7)
  }

  @Test(arguments: [
    (#"{"a": 3}"#, "\"a\" in its header is no object"),
    (#"[]"#, "its header is no object"),
    (#"{"a"}"#, "JSON, line 1, column 5: expected ':', found '}'"),
    (#"{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}"#, "is of type F16, expected F32"),
    (#"{"a":{"dtype":"F32","shape":[2]}}"#, "\"data_offsets\" must be a list, it is missing"),
    (
      #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
      "tensor 'a' of shape (3,) takes 12 bytes, its place is (0, 8)"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
      "expected a whole number from 0 up, found -2"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
      "tensor 'a' is too large"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}"#,
      "its tensors have 4398046511104 bytes, and 8 are there"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "tensor 'a' begins at byte 4, expected 0"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "tensor 'b' begins at byte 4, expected 8"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
      "its tensors have 4 bytes, and 8 are there"
    ),
    (#"{"__metadata__":{"a":1}}"#, "\"a\" must be a text, received 1"),
  ])
  func refusesWhatIsWrong(_ header: String, _ part: String) throws {
    try write(header: header, [UInt8](repeating: 0, count: 8), to: path)
    let message = failure(.file) { _ = try TensorFile(reading: path) }
    #expect(message.hasPrefix("'\(path)' cannot be read"))
    #expect(message.contains(part), "\(message)")
  }

  @Test func refusesWhatIsNotThere() throws {
    #expect(
      failure(.file) { _ = try TensorFile(reading: path) }
        == "'\(path)' cannot be read: No such file or directory")
    #expect(
      failure(.file) { _ = try TensorFile(reading: folder.path) }
        == "'\(folder.path)' cannot be read: it is no file")
    try write([1, 2, 3], to: path)
    #expect(
      failure(.file) { _ = try TensorFile(reading: path) }.hasSuffix("damaged: it has 3 bytes"))
    try write([255, 255, 255, 255, 255, 255, 255, 255, 1], to: path)
    #expect(
      failure(.file) { _ = try TensorFile(reading: path) }
        .hasSuffix("its header claims to have 18446744073709551615 bytes, and 1 are there"))
    let deep = String(repeating: "[", count: 100_000)
    try write(header: deep, to: path)
    #expect(failure(.file) { _ = try TensorFile(reading: path) }.contains("160 levels deep"))
  }

  @Test func keepsWhatWasThereWhereWritingFails() throws {
    try write([1, 2, 3], to: path)
    // No memory of this program: the system refuses to copy from it.
    let nowhere = UnsafePointer<Float>(bitPattern: 64)!
    let message = failure(.file) {
      try TensorFile.write([NamedTensor("a", Shape([4]), nowhere)], metadata: [:], to: path)
    }
    #expect(
      message
        == "'\(path)' could not be written: Bad address; the file of that name is what it was")
    #expect(bytes(of: path) == [1, 2, 3])
    #expect(folder.names == ["t.safetensors"])
    let elsewhere = folder.file("missing/t.safetensors")
    #expect(
      failure(.file) { try TensorFile.write([], metadata: [:], to: elsewhere) }
        == "'\(elsewhere)' could not be written: No such file or directory")
    for other in [folder.path, "/dev/null"] {
      #expect(
        failure(.file) { try TensorFile.write([], metadata: [:], to: other) }
          == "'\(other)' could not be written: there is something else than a file")
    }
  }

  @Test func followsALinkAndKeepsTheMode() throws {
    try write([1], to: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    let link = folder.file("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    try TensorFile.write([], metadata: [:], to: link)
    _ = try TensorFile(reading: path)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
    #expect(folder.names.sorted() == ["link", "t.safetensors"])
  }

  @Test func namesAreUnique() throws {
    let value: Float = 1
    withUnsafePointer(to: value) { value in
      let tensor = NamedTensor("a", .scalar, value)
      #expect(
        failure(.invalidArgument) {
          try TensorFile.write([tensor, tensor], metadata: [:], to: path)
        } == "two tensors would have the name 'a' in the file")
    }
    #expect(folder.names == [])
  }
}
