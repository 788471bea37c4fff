import CMartlet
import MartletC
import Testing

/// Calls through the header, as a C program would; handles are released with this object.
final class Session {
  private var releases: [() -> Void] = []
  deinit { for release in releases.reversed() { release() } }

  func layer(_ className: String, _ attributes: String? = nil) throws -> OpaquePointer {
    var handle: OpaquePointer?
    try check(martlet_layer_create(&handle, className, attributes))
    return keep(handle, martlet_layer_release)
  }

  func input(_ shape: [Int64], _ name: String? = nil) throws -> OpaquePointer {
    var handle: OpaquePointer?
    try check(martlet_input_create(&handle, shape, Int32(shape.count), name))
    return keep(handle, martlet_symbol_release)
  }

  func call(_ layer: OpaquePointer, _ inputs: OpaquePointer...) throws -> OpaquePointer {
    var handle: OpaquePointer?
    let pointers = inputs.map { Optional($0) }
    try check(martlet_layer_call(&handle, layer, pointers, Int32(inputs.count)))
    return keep(handle, martlet_symbol_release)
  }

  func model(
    _ inputs: [OpaquePointer], _ outputs: [OpaquePointer], name: String? = nil
  ) throws -> OpaquePointer {
    var handle: OpaquePointer?
    try check(
      martlet_model_create(
        &handle, inputs.map { Optional($0) }, Int32(inputs.count), outputs.map { Optional($0) },
        Int32(outputs.count), nil, name))
    return keep(handle, martlet_model_release)
  }

  func asLayer(_ model: OpaquePointer) throws -> OpaquePointer {
    var handle: OpaquePointer?
    try check(martlet_model_as_layer(&handle, model))
    return keep(handle, martlet_layer_release)
  }

  private func keep(
    _ handle: OpaquePointer?, _ release: @escaping (OpaquePointer?) -> Void
  ) -> OpaquePointer {
    releases.append { release(handle) }
    return handle!
  }
}

struct Failure: Error, CustomStringConvertible {
  let status: martlet_status
  let description: String
}

var lastError: String { String(cString: martlet_last_error()) }

func check(_ status: martlet_status) throws {
  guard status == martlet_status(MARTLET_OK) else {
    throw Failure(status: status, description: lastError)
  }
}

/// Expects a status and gives the message.
func failure(
  _ status: martlet_status, is expected: Int = MARTLET_INVALID_ARGUMENT,
  sourceLocation: SourceLocation = #_sourceLocation
) -> String {
  #expect(status == martlet_status(expected), sourceLocation: sourceLocation)
  return lastError
}

/// Text that a call creates.
func created(
  _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> martlet_status
) throws -> String {
  var text: UnsafeMutablePointer<CChar>?
  try check(body(&text))
  defer { martlet_text_release(text) }
  return String(cString: text!)
}
