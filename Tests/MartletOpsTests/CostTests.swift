import MartletDispatch
import MartletOps
import MartletTensors
import Testing

/// Arithmetic and traffic of operations, worked out by hand.
@Suite struct CostTests {
  private func cost(_ operation: some Operation, _ inputs: [[Int]]) throws -> Cost {
    let shapes = try inputs.map { try Shape($0) }
    return operation.cost(
      Setting(
        kernels: KernelSelection.current.kernels, inputShapes: shapes,
        outputShape: try operation.outputShape(of: shapes), capacity: 4, groupSize: 2,
        isTraining: true, givesInputGradient: true))
  }

  @Test func convolution() throws {
    let axis = try #require(WindowAxis(input: 6, kernel: 3, stride: 1, padding: .valid))
    var operation = ConvolutionOp(
      geometry: ConvolutionGeometry(
        vertical: axis, horizontal: axis, channels: 4, filters: 8, groups: 2))
    let plain = try cost(operation, [[6, 6, 4]])
    #expect(plain.multiplyAdds == 4 * 4 * 8 * (3 * 3 * 2))
    #expect(plain.bytes == (6 * 6 * 4 + 4 * 4 * 8) * 4)
    // What is pooled at once is computed all the same, but never written.
    let pool = try #require(WindowAxis(input: 4, kernel: 2, stride: 2, padding: .valid))
    operation.pooling = PoolingGeometry(vertical: pool, horizontal: pool, channels: 8)
    let pooled = try cost(operation, [[6, 6, 4]])
    #expect(pooled.multiplyAdds == plain.multiplyAdds)
    #expect(pooled.bytes == (6 * 6 * 4 + 2 * 2 * 8) * 4)
  }

  @Test func matrixProduct() throws {
    let product = try cost(MatrixProductOp(units: 7), [[3, 5]])
    #expect(product.multiplyAdds == 3 * 5 * 7)
    #expect(product.bytes == (3 * 5 + 3 * 7) * 4)
  }

  @Test func elementwise() throws {
    let sum = try cost(AdditionOp(), [[3, 5], [3, 5]])
    #expect(sum.multiplyAdds == 0)
    #expect(sum.bytes == 3 * 15 * 4)
  }
}
