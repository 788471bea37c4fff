import MartletGraph
import MartletKernelTable
import MartletTensors
import MartletTraining
import Testing

/// A session over a chain of layers given by class name and JSON arguments.
func makeSession(
  input: [Int], _ layers: [(String, String)], compile configuration: String? = nil
) throws -> Session {
  let input = try Layer.input(Shape(input), name: "image")
  var x = input
  for (className, arguments) in layers {
    x = try LayerRegistry.make(className, object(arguments)).call([x])[0]
  }
  let session = Session(try Model(inputs: [input], outputs: [x]))
  if let configuration { try session.compile(object(configuration)) }
  return session
}

func object(_ text: String) throws -> JSONObject {
  guard case .object(let object) = try JSONValue(parsing: text) else {
    throw MartletError.invalidArgument("not an object: \(text)")
  }
  return object
}

/// Arrays that live as long as the test does, and views of them.
final class TestArray {
  let memory: Buffer
  let view: ArrayView

  init(_ values: [Float], _ extents: [Int]) throws {
    memory = try Buffer(floatCount: values.count)
    // Views do not keep it, and Swift may end the life of an array at its last mention: it stays.
    _ = Unmanaged.passRetained(memory)
    memory.floats.update(from: values, count: values.count)
    view = ArrayView(data: memory.bytes, elementType: .float32, extents: extents)
  }
}

func trainingData(_ x: TestArray, _ y: TestArray) -> TrainingData {
  var data = TrainingData()
  data.x = [x.view]
  data.y = [y.view]
  return data
}

func weights(_ session: Session) -> [[Float]] {
  session.model.variables.map { variable in (0..<variable.count).map { variable.values[$0] } }
}

func areFinite(_ arrays: [[Float]]) -> Bool { arrays.allSatisfy { $0.allSatisfy(\.isFinite) } }

func message(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch let error as MartletError {
    return error.message
  } catch {
    return "not a MartletError: \(error)"
  }
}
