// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletGraph
import MartletOps
import MartletTensors

@c(martlet_layer_create) @implementation
public func martlet_layer_create(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ className: UnsafePointer<CChar>?,
  _ attributes: UnsafePointer<CChar>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let name = try text(className, "class_name")
    let arguments = try object(optionalText(attributes, "attributes") ?? "{}", "attributes")
    out.pointee = create(LayerHandle(try LayerRegistry.make(name, arguments)))
  }
}

@c(martlet_layer_create_loss) @implementation
public func martlet_layer_create_loss(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ name: UnsafePointer<CChar>?,
  _ function: martlet_loss_function?, _ user: UnsafeMutableRawPointer?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let function = try notNull(function, "function")
    // The caller's own, who answers for the thread that calls.
    nonisolated(unsafe) let user = user
    let layer = try Layer.externalLoss(name: optionalText(name, "name")) {
      count, targets, predictions, values, gradients in
      function(user, Int64(count), targets, predictions, values, gradients) == 0
    }
    out.pointee = create(LayerHandle(layer))
  }
}

@c(martlet_layer_release) @implementation
public func martlet_layer_release(_ layer: OpaquePointer?) { release(LayerHandle.self, layer) }

@c(martlet_layer_name) @implementation
public func martlet_layer_name(_ layer: OpaquePointer?) -> UnsafePointer<CChar>! {
  guard let handle = borrow(LayerHandle.self, layer) else { return Constant.empty }
  return handle.texts.view(handle.layer.name)
}

@c(martlet_layer_class_name) @implementation
public func martlet_layer_class_name(_ layer: OpaquePointer?) -> UnsafePointer<CChar>! {
  guard let handle = borrow(LayerHandle.self, layer) else { return Constant.empty }
  return handle.texts.view(handle.layer.className)
}

@c(martlet_layer_config) @implementation
public func martlet_layer_config(
  _ out: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ layer: OpaquePointer?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let configuration = try MartletC.layer(layer).configuration
    out.pointee = try createText(JSONValue.object(configuration).description)
  }
}

@c(martlet_layer_is_built) @implementation
public func martlet_layer_is_built(_ layer: OpaquePointer?) -> Int32 {
  guard let handle = borrow(LayerHandle.self, layer) else { return 0 }
  return handle.layer.isBuilt ? 1 : 0
}

@c(martlet_layer_is_trainable) @implementation
public func martlet_layer_is_trainable(_ layer: OpaquePointer?) -> Int32 {
  guard let handle = borrow(LayerHandle.self, layer) else { return 0 }
  return handle.layer.isTrainable ? 1 : 0
}

@c(martlet_layer_set_trainable) @implementation
public func martlet_layer_set_trainable(
  _ layer: OpaquePointer?, _ trainable: Int32
) -> martlet_status {
  attempt { () throws(MartletError) in
    try MartletC.layer(layer).isTrainable = trainable != 0
  }
}

@c(martlet_layer_output_count) @implementation
public func martlet_layer_output_count(_ layer: OpaquePointer?) -> Int32 {
  guard let handle = borrow(LayerHandle.self, layer) else { return 0 }
  return Int32(clamping: handle.layer.outputCount)
}

@c(martlet_layer_is_random) @implementation
public func martlet_layer_is_random(_ layer: OpaquePointer?) -> Int32 {
  guard let handle = borrow(LayerHandle.self, layer) else { return 0 }
  return handle.layer.kind.randomKey == nil ? 0 : 1
}

@c(martlet_layer_seed) @implementation
public func martlet_layer_seed(
  _ seed: UnsafeMutablePointer<UInt64>?, _ layer: OpaquePointer?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let seed = try notNull(seed, "seed")
    seed.pointee = try randomKey(layer).value
  }
}

@c(martlet_layer_set_seed) @implementation
public func martlet_layer_set_seed(_ layer: OpaquePointer?, _ seed: UInt64) -> martlet_status {
  attempt { () throws(MartletError) in
    try randomKey(layer).value = seed
  }
}

private func randomKey(_ layer: OpaquePointer?) throws(MartletError) -> RandomKey {
  let layer = try MartletC.layer(layer)
  guard let key = layer.kind.randomKey else {
    throw MartletError(.invalidState, "it draws no random numbers, so it has no seed").inLayer(
      layer.name)
  }
  return key
}

// MARK: Calls

@c(martlet_input_create) @implementation
public func martlet_input_create(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ shape: UnsafePointer<Int64>?, _ rank: Int32,
  _ name: UnsafePointer<CChar>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let out = try notNull(out, "out")
    let extents = try extents(shape, rank: rank, from: 0, to: 7)
    let symbol = try Layer.input(
      OpenShape(extents.map { $0 == openExtent ? nil : $0 }), name: optionalText(name, "name"))
    out.pointee = create(SymbolHandle(symbol))
  }
}

@c(martlet_layer_call) @implementation
public func martlet_layer_call(
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ layer: OpaquePointer?,
  _ inputs: UnsafePointer<OpaquePointer?>?, _ inputCount: Int32
) -> martlet_status {
  martlet_layer_call_all(out, 1, layer, inputs, inputCount)
}

@c(martlet_layer_call_all) @implementation
public func martlet_layer_call_all(
  _ outs: UnsafeMutablePointer<OpaquePointer?>?, _ outCount: Int32, _ layer: OpaquePointer?,
  _ inputs: UnsafePointer<OpaquePointer?>?, _ inputCount: Int32
) -> martlet_status {
  attempt { () throws(MartletError) in
    let outs = try notNull(outs, "out")
    let layer = try MartletC.layer(layer)
    // Checked before the call, which counts and cannot be taken back.
    guard Int(outCount) == layer.outputCount else {
      throw MartletError.invalidArgument(
        "the number of outputs is \(layer.outputCount), received room for \(outCount)"
      ).inLayer(layer.name)
    }
    let outputs = try layer.call(symbols(inputs, inputCount, "inputs"))
    for (index, output) in outputs.enumerated() { outs[index] = create(SymbolHandle(output)) }
  }
}

@c(martlet_symbol_release) @implementation
public func martlet_symbol_release(_ symbol: OpaquePointer?) { release(SymbolHandle.self, symbol) }

@c(martlet_symbol_shape) @implementation
public func martlet_symbol_shape(
  _ symbol: OpaquePointer?, _ shape: UnsafeMutablePointer<Int64>?, _ capacity: Int32,
  _ rank: UnsafeMutablePointer<Int32>?
) -> martlet_status {
  attempt { () throws(MartletError) in
    let extents = try borrow(SymbolHandle.self, symbol, "symbol").symbol.shape.extents
    try write(
      extents.map { $0 ?? openExtent }, to: shape, capacity: Int(capacity),
      rank: notNull(rank, "rank"))
  }
}

/// What stands for an extent left open.
private let openExtent = Int(MARTLET_OPEN)

/// Hands a shape out: its rank, and as many extents as there is room for.
func write(
  _ extents: [Int], to shape: UnsafeMutablePointer<Int64>?, capacity: Int,
  rank: UnsafeMutablePointer<Int32>
) throws(MartletError) {
  let written = min(max(capacity, 0), extents.count)
  if written > 0 {
    let shape = try notNull(shape, "shape")
    for axis in 0..<written { shape[axis] = Int64(extents[axis]) }
  }
  rank.pointee = Int32(clamping: extents.count)
}

/// A JSON object in the caller's text.
func object(_ text: String, _ name: StaticString) throws(MartletError) -> JSONObject {
  let value = try json(text, name)
  guard case .object(let object) = value else {
    throw MartletError(
      .invalidType, "\(name) must be a JSON object, received \(value.excerpt())")
  }
  return object
}

/// A JSON array in the caller's text.
func array(_ text: String, _ name: StaticString) throws(MartletError) -> [JSONValue] {
  let value = try json(text, name)
  guard case .array(let array) = value else {
    throw MartletError(
      .invalidType, "\(name) must be a JSON array, received \(value.excerpt())")
  }
  return array
}

private func json(_ text: String, _ name: StaticString) throws(MartletError) -> JSONValue {
  do {
    return try JSONValue(parsing: text)
  } catch {
    throw MartletError(error.kind, "\(name): \(error.message)")
  }
}
