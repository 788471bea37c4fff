import MartletGraph
import MartletStorage
import MartletTensors
import MartletTraining

extension Model {
  /// Writes the model to a file, whole or not at all: layers, weights, and where it was compiled what it
  /// takes to go on with the training bit by bit.
  ///
  /// The file is in the safetensors form; Python (`martlet.models.load_model`) and C
  /// (`martlet_model_load`) read it, too.
  ///
  /// - Parameters:
  ///   - path: Usually with the ending `.safetensors`.
  ///   - includesTraining: Whether the training is stored; `nil`: if the model is compiled.
  ///   - metadata: Texts to be kept with it.
  /// - Throws: ``MartletError`` of kind `file` where the system refuses.
  public func save(
    to path: String, includesTraining: Bool? = nil, metadata: [String: String] = [:]
  ) throws(MartletError) {
    let texts = metadata.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.text($0.value)) }
    try session.save(
      to: path, includesTraining: includesTraining, metadata: JSONObject(texts))
  }

  /// The model of a file, compiled where the file holds a training, which the next `fit` then goes on
  /// with.
  ///
  /// - Throws: ``MartletError`` that names the file: of kind `file` where it cannot be read.
  public static func load(from path: String) throws(MartletError) -> Model {
    Model(try Session.load(from: path))
  }

  /// The texts that a file keeps, those given to ``save(to:includesTraining:metadata:)`` among them.
  ///
  /// - Throws: ``MartletError`` that names the file.
  public static func metadata(ofFile path: String) throws(MartletError) -> [String: String] {
    try ModelFile(reading: path).metadata
  }
}
