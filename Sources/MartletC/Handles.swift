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

/// What callers hold: the kind of object at each address. Addresses stand here inverted, so that a search
/// for leaks does not take this table for somebody who needs the object.
private enum Handles {
  nonisolated(unsafe) private static var kinds: [UInt: ObjectIdentifier] = [:]
  private static let lock = Lock()

  private static func key(_ pointer: OpaquePointer) -> UInt { ~UInt(bitPattern: pointer) }

  static func add(_ object: AnyObject) -> OpaquePointer {
    let pointer = OpaquePointer(Unmanaged.passRetained(object).toOpaque())
    lock.withLock { kinds[key(pointer)] = ObjectIdentifier(type(of: object)) }
    return pointer
  }

  /// Nothing where there is no such object, or not any more.
  static func find<Object: AnyObject>(_: Object.Type, _ pointer: OpaquePointer) -> Object? {
    lock.withLock {
      guard kinds[key(pointer)] == ObjectIdentifier(Object.self) else { return nil }
      return Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
    }
  }

  /// The object of a handle that is one no more.
  static func take<Object: AnyObject>(_: Object.Type, _ pointer: OpaquePointer) -> Object? {
    lock.withLock {
      guard kinds[key(pointer)] == ObjectIdentifier(Object.self) else { return nil }
      kinds[key(pointer)] = nil
      return Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).takeRetainedValue()
    }
  }
}

/// Gives an object to the caller, who gives it back to `release`.
func create(_ object: AnyObject) -> OpaquePointer { Handles.add(object) }

/// Looks at an object that the caller holds: nothing for NULL, for another kind of object, and for one
/// that was given back.
func borrow<Object: AnyObject>(_ kind: Object.Type, _ pointer: OpaquePointer?) -> Object? {
  pointer.flatMap { Handles.find(kind, $0) }
}

/// The same where something is needed.
func borrow<Object: AnyObject>(
  _ kind: Object.Type, _ pointer: OpaquePointer?, _ name: StaticString
) throws(MartletError) -> Object {
  guard let object = borrow(kind, try notNull(pointer, name)) else { throw notAlive("\(name)") }
  return object
}

private func notAlive(_ name: String) -> MartletError {
  .invalidArgument(
    "\(name) is not alive: it has been released, or is another kind of handle")
}

/// A second time, or for another kind of object, this does nothing.
func release<Object: AnyObject>(_ kind: Object.Type, _ pointer: OpaquePointer?) {
  // It goes when the lock is open again: what it holds may be much.
  _ = pointer.flatMap { Handles.take(kind, $0) }
}

func layer(_ pointer: OpaquePointer?) throws(MartletError) -> Layer {
  try borrow(LayerHandle.self, pointer, "layer").layer
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
    guard let symbol = borrow(SymbolHandle.self, handle)?.symbol else {
      throw notAlive("\(name)[\(index)]")
    }
    result.append(symbol)
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
  try borrow(ModelHandle.self, pointer, "model")
}
