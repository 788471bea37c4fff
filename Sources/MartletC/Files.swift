// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletGraph
import MartletStorage
import MartletTensors
import MartletTraining

@c(martlet_model_save) @implementation
public func martlet_model_save(
  _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<CChar>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let session = try MartletC.model(model).session
    let options = try SaveOptions(object(optionalText(options, "options") ?? "{}", "options"))
    try session.save(
      to: text(path, "path"), includesTraining: options.training, metadata: options.metadata)
  }
}

@c(martlet_model_load) @implementation
public func martlet_model_load(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ path: UnsafePointer<CChar>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    out.pointee = create(ModelHandle(try Session.load(from: text(path, "path"))))
  }
}

@c(martlet_model_file_metadata) @implementation
public func martlet_model_file_metadata(
  _ out: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ path: UnsafePointer<CChar>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let metadata = try ModelFile(reading: text(path, "path")).metadata
    let members = metadata.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.text($0.value)) }
    out.pointee = try createText(JSONValue.object(JSONObject(members)).description)
  }
}

/// What `martlet_model_save` may be told.
private struct SaveOptions {
  let training: Bool?
  var metadata: JSONObject = [:]

  init(_ options: JSONObject) throws(MartletError) {
    for key in options.keys where !["training", "metadata"].contains(key) {
      throw unknownName(key, kind: "option", known: ["training", "metadata"])
    }
    training = options["training"] == nil ? nil : try options.flag("training")
    guard options["metadata"] != nil else { return }
    metadata = try options.object("metadata")
    for key in metadata.keys { _ = try metadata.text(key) }
  }
}
