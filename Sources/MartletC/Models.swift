// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletGraph
import MartletTensors

@c(martlet_model_create) @implementation
public func martlet_model_create(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ inputs: UnsafePointer<OpaquePointer?>?,
  _ inputCount: Int32, _ outputs: UnsafePointer<OpaquePointer?>?, _ outputCount: Int32,
  _ className: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let model = try Model(
      inputs: symbols(inputs, inputCount, "inputs"),
      outputs: symbols(outputs, outputCount, "outputs"),
      className: optionalText(className, "class_name") ?? "Functional",
      name: optionalText(name, "name"))
    out.pointee = create(ModelHandle(model))
  }
}

@c(martlet_model_release) @implementation
public func martlet_model_release(_ model: OpaquePointer?) { release(ModelHandle.self, model) }

@c(martlet_model_as_layer) @implementation
public func martlet_model_as_layer(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ model: OpaquePointer?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    out.pointee = create(LayerHandle(try MartletC.model(model).session.model))
  }
}

@c(martlet_model_describe) @implementation
public func martlet_model_describe(
  _ out: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ model: OpaquePointer?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let description = try MartletC.model(model).session.model.describe()
    out.pointee = try createText(JSONValue.object(description).description)
  }
}

@c(martlet_model_create_part) @implementation
public func martlet_model_create_part(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ model: OpaquePointer?,
  _ outputs: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let part = try MartletC.model(model).session.model.part(
      outputs: array(text(outputs, "outputs"), "outputs"), name: optionalText(name, "name"))
    out.pointee = create(ModelHandle(part))
  }
}
