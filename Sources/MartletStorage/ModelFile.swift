import MartletGraph
import MartletOps
import MartletTensors

/// A model in a safetensors file: its description in the metadata, its weights as tensors that are named
/// as `Model.namedWeights` has them.
package final class ModelFile {
  private static let format = "martlet"
  /// Rises when files are written that this version could not read.
  private static let version = "1"

  private let file: TensorFile
  package var path: String { file.path }
  package var metadata: [String: String] { file.metadata }

  /// - Throws: `file` for a file that cannot be read, `invalidArgument` for one that holds no model.
  package init(reading path: String) throws(MartletError) {
    file = try TensorFile(reading: path)
    guard file.metadata["format"] == ModelFile.format else {
      throw .invalidArgument(
        "'\(path)' holds tensors, but no model that Martlet has written: its metadata has no "
          + "\"format\": \"\(ModelFile.format)\"")
    }
    guard let version = file.metadata["format_version"], version == ModelFile.version else {
      throw .invalidArgument(
        "'\(path)' is of version '\(file.metadata["format_version"] ?? "")' of the format, this "
          + "library reads version '\(ModelFile.version)'; a newer one may read it")
    }
  }

  /// The model, with its weights.
  package func model() throws(MartletError) -> Model {
    do {
      return try Model.make(try object("model"), weights: self)
    } catch {
      throw named(error)
    }
  }

  /// An object that stands in the metadata as a text; `nil` where it is missing.
  package func optionalObject(_ key: String) throws(MartletError) -> JSONObject? {
    file.metadata[key] == nil ? nil : try object(key)
  }

  private func object(_ key: String) throws(MartletError) -> JSONObject {
    do throws(MartletError) {
      guard let text = file.metadata[key], case .object(let object) = try JSONValue(parsing: text)
      else {
        throw MartletError.invalidArgument("it has to be an object")
      }
      return object
    } catch {
      throw named(MartletError(error.kind, "\"\(key)\" in the metadata: \(error.message)"))
    }
  }

  /// Copies a tensor out.
  package func read(
    _ name: String, _ shape: Shape, into values: UnsafeMutablePointer<Float>
  ) throws(MartletError) {
    try file.read(name, shape, into: values)
  }

  /// - Throws: `invalidArgument` if the file holds more than has been asked for.
  package func expectAllRead() throws(MartletError) { try file.expectAllRead() }

  /// The same error, with the name of the file. What is out of order in it is no fault of the call.
  package func named(_ error: MartletError) -> MartletError {
    guard !error.message.hasPrefix("'\(path)'") else { return error }
    return MartletError(
      error.kind == .invalidState ? .invalidArgument : error.kind, "'\(path)': \(error.message)")
  }

  /// Writes a model, whole or not at all. Nobody may change its weights meanwhile.
  ///
  /// - Parameters:
  ///   - more: Tensors beside the weights.
  ///   - metadata: Texts beside the description, by name.
  package static func write(
    _ model: Model, _ more: [NamedTensor] = [], metadata: JSONObject = [:], to path: String
  ) throws(MartletError) {
    let own: JSONObject = [
      "format": .text(format), "format_version": .text(version),
      "model": .text(JSONValue.object(model.describe()).description),
    ]
    for key in metadata.keys where own[key] != nil {
      throw .invalidArgument("metadata: the key '\(key)' is the library's own")
    }
    let weights = model.namedWeights.map {
      NamedTensor($0.path, $0.variable.shape, $0.variable.values)
    }
    try TensorFile.write(weights + more, metadata: own.appending(metadata), to: path)
  }
}

extension ModelFile: WeightSource {
  package func expect(_ path: String, _ shape: Shape) throws(MartletError) {
    try file.expect(path, shape)
  }

  package func fill(_ variable: Variable, at path: String) throws(MartletError) {
    try file.read(path, variable.shape, into: variable.mutableValues())
  }
}
