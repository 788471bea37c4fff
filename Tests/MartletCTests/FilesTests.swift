import CMartlet
import Foundation
import MartletC
import Testing

struct FilesTests {
  private let session = Session()
  private let path = NSTemporaryDirectory() + "martlet-\(UUID().uuidString).safetensors"

  private func model() throws -> OpaquePointer {
    let x = try session.input([3], "x")
    let y = try session.call(session.layer("Dense", #"{"units": 2, "name": "d"}"#), x)
    return try session.model([x], [y], name: "m")
  }

  @Test func savesAndLoads() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    let model = try model()
    try check(martlet_model_save(model, path, #"{"metadata": {"by": "me"}}"#))
    var again: OpaquePointer?
    try check(martlet_model_load(&again, path))
    defer { martlet_model_release(again) }
    #expect(
      try created { martlet_model_describe($0, again) }
        == created { martlet_model_describe($0, model) })
    #expect(martlet_model_is_compiled(again) == 0)
    let metadata = try created { martlet_model_file_metadata($0, path) }
    #expect(
      metadata.hasPrefix(#"{"by": "me", "format": "martlet", "format_version": "1", "model": "#))
  }

  @Test func saysWhatIsWrong() throws {
    let model = try model()
    var again: OpaquePointer?
    #expect(
      failure(martlet_model_load(&again, path), is: MARTLET_FILE_ERROR)
        == "'\(path)' cannot be read: No such file or directory")
    #expect(again == nil)
    #expect(failure(martlet_model_load(nil, path)) == "out must not be NULL")
    #expect(failure(martlet_model_load(&again, nil)) == "path must not be NULL")
    #expect(failure(martlet_model_save(nil, path, nil)) == "model must not be NULL")
    #expect(
      failure(martlet_model_save(model, path, #"{"trainig": true}"#))
        == "unknown option 'trainig'; did you mean 'training'?")
    #expect(
      failure(martlet_model_save(model, path, #"{"training": 1}"#))
        == "\"training\" must be true or false, received 1")
    #expect(
      failure(martlet_model_save(model, path, #"{"metadata": {"by": 1}}"#))
        == "\"by\" must be a text, received 1")
    #expect(
      failure(martlet_model_save(model, path, #"{"training": true}"#), is: MARTLET_INVALID_STATE)
        == "model 'm' is not compiled: call compile() before saving the training")
    #expect(
      failure(martlet_model_save(model, "/nowhere/m.safetensors", nil), is: MARTLET_FILE_ERROR)
        == "'/nowhere/m.safetensors' could not be written: No such file or directory")
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
