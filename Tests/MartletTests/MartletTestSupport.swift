import Martlet

import struct MartletGraph.JSONObject
import enum MartletGraph.JSONValue

func object(_ text: String) throws -> JSONObject {
  guard case .object(let object) = try JSONValue(parsing: text) else { throw NotAnObject() }
  return object
}

private struct NotAnObject: Error {}

/// The message of what `body` throws; `nil` where it throws nothing.
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

/// Images of 4 × 4 with labels that follow from them.
func squares(_ count: Int) throws -> (x: Tensor<Float>, y: [Int]) {
  let pixels = (0..<(count * 16)).map { point -> Float in
    let mixed = (point * 7919 + point / 16) % 31
    return Float(mixed) / 31
  }
  let labels = (0..<count).map { sample -> Int in
    let start = sample * 16
    let upper = pixels[start..<(start + 8)].reduce(0, +)
    let lower = pixels[(start + 8)..<(start + 16)].reduce(0, +)
    return upper > lower ? 1 : 0
  }
  return (try Tensor(shape: [count, 4, 4, 1], scalars: pixels), labels)
}

/// A small network with layers of every sort that a step treats in its own way.
func smallNetwork() throws -> Sequential {
  try Sequential {
    Input(4, 4, 1)
    Conv2D(filters: 3, kernelSize: 3, padding: .same, activation: .relu)
    BatchNormalization()
    Dropout(0.25)
    Flatten()
    Dense(units: 2, activation: .softmax)
  }
}

/// All weights, bit by bit.
func bits(_ model: Model) throws -> [[UInt32]] {
  try model.weights.map { try $0.values.scalars.map(\.bitPattern) }
}
