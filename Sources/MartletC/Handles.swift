import CMartlet
import MartletGraph
import MartletTensors
import MartletTraining

/// What a `martlet_layer *` points to.
final class LayerHandle {
  let layer: Layer
  let texts = TextTable()

  init(_ layer: Layer) { self.layer = layer }
}

/// What a `martlet_symbol *` points to.
final class SymbolHandle {
  let symbol: Symbol

  init(_ symbol: Symbol) { self.symbol = symbol }
}

/// Gives an object to the caller, who gives it back to `release`.
func create(_ object: AnyObject) -> OpaquePointer {
  OpaquePointer(Unmanaged.passRetained(object).toOpaque())
}

/// Looks at an object that the caller holds.
///
/// - Precondition: `pointer` came from `create` with an object of this class, as the header's types
///   see to.
func borrow<Object: AnyObject>(_: Object.Type, _ pointer: OpaquePointer) -> Object {
  Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
}

func release(_ pointer: OpaquePointer?) {
  guard let pointer else { return }
  Unmanaged<AnyObject>.fromOpaque(UnsafeRawPointer(pointer)).release()
}

func layer(_ pointer: OpaquePointer?) throws(MartletError) -> Layer {
  borrow(LayerHandle.self, try notNull(pointer, "layer")).layer
}

/// The caller's array of symbols.
func symbols(
  _ pointer: UnsafePointer<OpaquePointer?>?, _ count: Int32, _ name: StaticString
) throws(MartletError) -> [Symbol] {
  guard count >= 0 else { throw .invalidArgument("the number of \(name) is negative: \(count)") }
  guard count > 0 else { return [] }
  let pointer = try notNull(pointer, name)
  var result: [Symbol] = []
  for index in 0..<Int(count) {
    guard let handle = pointer[index] else {
      throw .invalidArgument("\(name)[\(index)] must not be NULL")
    }
    result.append(borrow(SymbolHandle.self, handle).symbol)
  }
  return result
}

/// What a `martlet_model *` points to.
final class ModelHandle {
  let session: Session
  let texts = TextTable()

  init(_ session: Session) { self.session = session }
  convenience init(_ model: Model) { self.init(Session(model)) }
}

func model(_ pointer: OpaquePointer?) throws(MartletError) -> ModelHandle {
  borrow(ModelHandle.self, try notNull(pointer, "model"))
}
