import MartletGraph
import MartletOps
import MartletTensors
import Testing

/// A layer from JSON arguments, as a caller of the C interface writes them.
func layer(_ className: String, _ arguments: String = "{}") throws -> Layer {
  guard case .object(let object) = try JSONValue(parsing: arguments) else {
    throw MartletError.invalidArgument("not an object: \(arguments)")
  }
  return try LayerRegistry.make(className, object)
}

func input(_ extents: Int..., name: String? = nil) throws -> Symbol {
  try Layer.input(Shape(extents), name: name)
}

/// The shape that a new layer gives to inputs of these shapes.
func outputShape(
  _ className: String, _ arguments: String = "{}", _ inputs: [Int]...
) throws -> [Int?] {
  let symbols = try inputs.map { try Layer.input(Shape($0)) }
  return try layer(className, arguments).call(symbols)[0].shape.extents
}

/// Number of weight elements after a call.
func parameterCount(
  _ className: String, _ arguments: String, _ input: [Int]
) throws -> Int {
  let made = try layer(className, arguments)
  _ = try made.call([Layer.input(Shape(input))])
  return made.variables.reduce(0) { $0 + $1.count }
}

/// The message of the error that `body` throws.
func message(
  of kind: MartletError.Kind = .invalidArgument,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> String {
  do {
    try body()
  } catch let error as MartletError {
    #expect(error.kind == kind, sourceLocation: sourceLocation)
    return error.message
  } catch {
    Issue.record("not a MartletError: \(error)", sourceLocation: sourceLocation)
    return ""
  }
  Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  return ""
}

func values(_ variable: Variable) -> [Float] {
  Array(UnsafeBufferPointer(start: variable.values, count: variable.count))
}

/// A member of a JSON value by a path of keys and indices.
func member(_ value: JSONValue, _ path: String) -> JSONValue? {
  var current = value
  for part in path.split(separator: ".") {
    switch current {
    case .object(let object):
      guard let next = object[String(part)] else { return nil }
      current = next
    case .array(let elements):
      guard let index = Int(part), elements.indices.contains(index) else { return nil }
      current = elements[index]
    default: return nil
    }
  }
  return current
}
