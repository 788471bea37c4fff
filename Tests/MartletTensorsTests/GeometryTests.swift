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

  /// The taps of a part's outputs read what those of the whole do.
  @Test(arguments: [Padding.same, .valid, .causal]) func partsOfAnAxis(_ padding: Padding) throws {
    for (input, kernel, stride, dilation) in [
      (9, 3, 1, 1), (10, 3, 2, 1), (7, 1, 3, 1), (12, 3, 1, 2), (5, 7, 1, 1), (11, 2, 4, 1),
    ] {
      guard
        let axis = WindowAxis(
          input: input, kernel: kernel, stride: stride, dilation: dilation, padding: padding)
      else { continue }
      for start in 0..<axis.output {
        for end in (start + 1)...axis.output {
          let (part, first) = axis.part(start..<end)
          #expect(part.output == end - start)
          #expect(first >= 0 && first + part.input <= input)
          for output in start..<end {
            for tap in 0..<kernel {
              let whole = output * stride - axis.padBefore + tap * dilation
              let own = (output - start) * stride - part.padBefore + tap * dilation
              #expect((0..<input ~= whole) == (0..<part.input ~= own))
              #expect(!(0..<input ~= whole) || whole == own + first)
            }
          }
          #expect(
            (part.output - 1) * stride + part.span <= part.padBefore + part.input + part.padAfter)
        }
      }
    }
  }

  /// Zeros before the sequence alone, as many as the kernel looks back.
  @Test func causalAxis() throws {
    let axis = try #require(
      WindowAxis(input: 7, kernel: 3, stride: 2, dilation: 2, padding: .causal))
    #expect((axis.output, axis.padBefore, axis.padAfter) == (4, 4, 0))
  }

  /// Sizes that Keras 3.15 gives, and where the first point of the input falls.
  @Test(arguments: [
    // points, kernel, stride, dilation, padding, added, output, before
    (3, 3, 2, 1, Padding.same, Int?.none, 6, 0), (3, 4, 2, 1, .same, nil, 6, 1),
    (3, 3, 1, 1, .same, nil, 3, 1), (3, 3, 2, 1, .valid, nil, 7, 0),
    (3, 2, 3, 1, .valid, nil, 9, 0), (3, 2, 3, 1, .valid, 0, 8, 0), (3, 3, 2, 1, .valid, 1, 8, 0),
    (3, 3, 2, 1, .same, 0, 5, 1), (3, 3, 2, 1, .same, 1, 6, 0), (4, 4, 3, 1, .same, 2, 11, 1),
    (3, 1, 2, 1, .same, nil, 6, 0), (5, 3, 1, 2, .same, nil, 5, 2), (4, 3, 1, 2, .valid, nil, 8, 0),
  ])
  func transposedAxis(
    _ points: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ padding: Padding,
    _ added: Int?, _ output: Int, _ before: Int
  ) throws {
    let axis = try #require(
      WindowAxis(
        transposing: points, kernel: kernel, stride: stride, dilation: dilation, padding: padding,
        outputPadding: added))
    #expect(axis.input == output)
    #expect(axis.output == points)
    #expect(axis.padBefore == before)
  }

  @Test func transposedToNothing() {
    #expect(
      WindowAxis(
        transposing: 1, kernel: 2, stride: 2, dilation: 1, padding: .same, outputPadding: 0)
        == nil)
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
