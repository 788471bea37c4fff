import MartletTensors
import Testing

@Suite struct GeometryTests {
  /// Sizes and borders that TensorFlow gives (measured with Keras 3.15).
  @Test(arguments: [
    // input, kernel, stride, dilation, padding, output, before, after
    (5, 2, 1, 1, Padding.same, 5, 0, 1), (5, 4, 1, 1, .same, 5, 1, 2), (6, 3, 2, 1, .same, 3, 0, 1),
    (5, 3, 2, 1, .same, 3, 1, 1), (5, 3, 1, 2, .same, 5, 2, 2), (4, 6, 1, 1, .same, 4, 2, 3),
    (8, 2, 4, 1, .same, 2, 0, 0), (28, 3, 1, 1, .valid, 26, 0, 0), (7, 3, 2, 1, .valid, 3, 0, 0),
    (8, 3, 2, 1, .valid, 3, 0, 0), (9, 3, 1, 2, .valid, 5, 0, 0), (3, 3, 1, 1, .valid, 1, 0, 0),
  ])
  func windowAxis(
    _ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ padding: Padding, _ output: Int,
    _ before: Int, _ after: Int
  ) throws {
    let axis = try #require(
      WindowAxis(
        input: input, kernel: kernel, stride: stride, dilation: dilation, padding: padding))
    #expect(axis.output == output)
    #expect(axis.padBefore == before)
    #expect(axis.padAfter == after)
  }

  @Test func noWindowFits() {
    #expect(WindowAxis(input: 2, kernel: 3, stride: 1, padding: .valid) == nil)
    #expect(WindowAxis(input: 4, kernel: 3, stride: 1, dilation: 2, padding: .valid) == nil)
  }

  @Test func convolutionGeometry() throws {
    let axis = try #require(WindowAxis(input: 28, kernel: 3, stride: 1, padding: .same))
    let geometry = ConvolutionGeometry(
      vertical: axis, horizontal: axis, channels: 4, filters: 6, groups: 2)
    #expect(geometry.kernelExtents == [3, 3, 2, 6])
    #expect(geometry.outputExtents == [28, 28, 6])
    #expect(geometry.paddedHeight == 30)
    #expect(geometry.isPadded)
  }
}
