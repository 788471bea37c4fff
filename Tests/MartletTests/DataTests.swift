import Martlet
import Testing

import enum MartletKernelTable.ElementType

@Suite(.serialized) struct DataTests {
  @Test func typesOfTheCore() {
    #expect(ScalarType.allCases.map(\.rawValue) == ElementType.allCases.map(\.rawValue))
    for type in ScalarType.allCases {
      #expect(ElementType(rawValue: type.rawValue).map { "\($0)" } == "\(type)")
    }
  }

  /// Every type of number gives the same prediction.
  @Test func everyScalar() throws {
    let model = try Sequential([Input(3), Dense(units: 1, kernelInitializer: .ones)])
    func predicted<Scalar: TensorScalar>(_ scalars: [Scalar]) throws -> [Float] {
      try model.predict(Tensor(shape: [2, 3], scalars: scalars)).scalars
    }
    let expected: [Float] = [6, 15]
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [Float]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [Double]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [Float16]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [Int8]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [UInt8]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [Int16]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [UInt16]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [Int32]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [UInt32]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [Int64]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [UInt64]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [Int]) == expected)
    #expect(try predicted([1, 2, 3, 4, 5, 6] as [UInt]) == expected)
    #expect(try predicted([true, true, false, true, true, true]) == [2, 3])
  }

  @Test func tensors() throws {
    let tensor = try Tensor(shape: [3, 2], scalars: [1, 5, 4, 3, 2, 2])
    #expect(tensor.argmax() == [1, 0, 0])
    #expect(try tensor.samples(1..<3) == Tensor(shape: [2, 2], scalars: [4, 3, 2, 2]))
    #expect(try tensor.samples(1..<1).shape == [0, 2])
    #expect(try tensor.reshaped(to: [2, 3]).shape == [2, 3])
    #expect(Tensor([1.5, 2.5]).shape == [2])
    #expect(try Tensor(shape: [2, 2], repeating: 7).scalars == [7, 7, 7, 7])
    #expect(tensor.scalarType == .int64)
  }

  @Test func messages() throws {
    #expect(
      message { _ = try Tensor(shape: [2, 3], scalars: [1, 2]) }
        == "a tensor of shape (2, 3) has 6 scalars, received 2")
    #expect(
      message { _ = try Tensor(shape: [-1], repeating: 0) }
        == "(-1,) cannot be the shape of a tensor")
    #expect(
      message { _ = try Tensor(shape: [1 << 40, 1 << 40], repeating: 0) }
        == "(1099511627776, 1099511627776) cannot be the shape of a tensor")
    #expect(
      message { _ = try Tensor(shape: [2, 2], repeating: 0).samples(1..<4) }
        == "samples 1..<4 were asked for, but the shape is (2, 2)")
    let model = try Sequential([Input(3), Dense(units: 1)])
    #expect(
      message { _ = try model.predict(Tensor(shape: [0, 3], scalars: [Float]())) }
        == "x is empty: its shape is (0, 3)")
    #expect(
      message { _ = try model.predict(Tensor(shape: [Int](repeating: 1, count: 9), repeating: 1)) }
        == "x has 9 axes, expected at most 8")
  }

  @Test func views() throws {
    let model = try Sequential([Input(2), Dense(units: 1, kernelInitializer: .ones)])
    let pixels: [UInt8] = [1, 2, 3, 4]
    try pixels.withUnsafeBufferPointer { buffer in
      let view = try TensorView(shape: [2, 2], scalars: buffer)
      #expect(try model.predict(view).scalars == [3, 7])
      #expect(
        message { _ = try TensorView(shape: [3, 2], scalars: buffer) }
          == "a view of shape (3, 2) has 6 scalars, received 4")
    }
  }

  /// Memory of a type of one's own.
  private struct Pixels: TensorData {
    let shape: [Int]
    let bytes: [UInt8]
    var scalarType: ScalarType { .uint8 }
    func withBytes<Result, Failure: Error>(
      _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      try bytes.withBytes(body)
    }
  }

  @Test func ownTypes() throws {
    let model = try Sequential([Input(2), Dense(units: 1, kernelInitializer: .ones)])
    #expect(try model.predict(Pixels(shape: [1, 2], bytes: [3, 4])).scalars == [7])
    #expect(
      message { _ = try model.predict(Pixels(shape: [2, 2], bytes: [3, 4])) }
        == "x of shape (2, 2) must have 4 bytes, received 2")
    #expect(
      message { _ = try model.predict(Pixels(shape: [-2, 2], bytes: [3, 4])) }
        == "x: (-2, 2) cannot be the shape of a tensor")
  }

  /// The first ones to train with and the last ones to validate with, read where they are.
  @Test func splitting() throws {
    let x = try Tensor(shape: [5, 2], scalars: (0..<10).map(Float.init))
    let samples = Samples(
      x, [0, 1, 2, 3, 4], sampleWeight: [1, 1, 1, 1, 2.0], classWeight: [1: 2])
    let (training, validation) = try samples.split(validation: 0.4)
    func numbers(_ data: any TensorData) -> [Float] {
      data.withBytes { Array($0.bindMemory(to: Float.self)) }
    }
    #expect(training.x[0].shape == [3, 2] && validation.x[0].shape == [2, 2])
    #expect(numbers(training.x[0]) == [0, 1, 2, 3, 4, 5])
    #expect(numbers(validation.x[0]) == [6, 7, 8, 9])
    #expect(validation.y[0].shape == [2] && validation.sampleWeight[0].shape == [2])
    #expect(validation.classWeight == [1: 2])
    #expect(
      message { _ = try samples.split(validation: 1) }
        == "validation must be between 0 and 1, received 1.0")
    #expect(
      message { _ = try samples.split(validation: 0.1) } == nil)
    #expect(
      message { _ = try samples.split(validation: 0.95) }
        == "a part of 0.95 of 5 samples leaves none on one side of the split")
  }
}
