import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct RowNormalizationTests {
  private struct Numbers {
    let x: [Float], dy: [Float], mean: [Float], inverse: [Float], scale: [Float], shift: [Float]
    let dScale: [Float], dShift: [Float]

    init(_ rows: Int, _ columns: Int) {
      var generator = SeededGenerator(seed: rows * columns)
      x = generator.floats(rows * columns, in: 2...4)
      dy = generator.floats(rows * columns)
      mean = generator.floats(rows, in: 2.5...3.5)
      inverse = generator.floats(rows, in: 0.5...2)
      scale = generator.floats(columns)
      shift = generator.floats(columns)
      dScale = generator.floats(columns)
      dShift = generator.floats(columns)
    }
  }

  private func shapes(_ kernels: Kernels) -> [(rows: Int, columns: Int)] {
    (awkwardCounts(kernels) + [4, 8, 700]).flatMap { columns in [1, 2, 7].map { ($0, columns) } }
  }

  @Test(arguments: KernelSelection.available)
  func scaling(_ kernels: Kernels) {
    for (rows, columns) in shapes(kernels) {
      let numbers = Numbers(rows, columns)
      let (x, y) = (GuardedFloats(numbers.x), GuardedFloats(count: rows * columns))
      let (scale, shift) = (GuardedFloats(numbers.scale), GuardedFloats(numbers.shift))
      func run(into target: GuardedFloats) {
        kernels.normalization.scaleRows(
          x.source, GuardedFloats(numbers.mean).source, GuardedFloats(numbers.inverse).source,
          Scaling(scale: scale.source, shift: shift.source), target.pointer, rows, columns)
      }
      run(into: y)
      let what = "\(rows)×\(columns)"
      // Four roundings of numbers up to 3.
      expectClose(
        y.values,
        PlainRowNormalization.scale(
          numbers.x.doubles, mean: numbers.mean.doubles, inverse: numbers.inverse.doubles,
          scale: numbers.scale.doubles, shift: numbers.shift.doubles),
        absolute: 6 * ulp, what)
      y.expectGuards(what)
      run(into: x)
      #expect(x.values == y.values, "in place, \(what)")
    }
  }

  @Test(arguments: KernelSelection.available, [RowShares(sum: 0.3, product: 0.2)])
  func gradients(_ kernels: Kernels, _ shares: RowShares) {
    for (rows, columns) in shapes(kernels) {
      let numbers = Numbers(rows, columns)
      let what = "\(rows)×\(columns)"
      let x = GuardedFloats(numbers.x)
      func run(_ dy: GuardedFloats, into dx: GuardedFloats?) -> [Float] {
        let (dScale, dShift) = (GuardedFloats(numbers.dScale), GuardedFloats(numbers.dShift))
        kernels.normalization.scaleRowsBackward(
          x.source, dy.source, GuardedFloats(numbers.mean).source,
          GuardedFloats(numbers.inverse).source, GuardedFloats(numbers.scale).source, shares,
          dx?.pointer, dScale.pointer, dShift.pointer, rows, columns)
        dScale.expectGuards(what)
        dShift.expectGuards(what)
        dx?.expectGuards(what)
        return dScale.values + dShift.values
      }
      let dx = GuardedFloats(count: rows * columns)
      let sums = run(GuardedFloats(numbers.dy), into: dx)
      let twin = PlainRowNormalization.backward(
        numbers.x.doubles, numbers.dy.doubles, mean: numbers.mean.doubles,
        inverse: numbers.inverse.doubles, scale: numbers.scale.doubles,
        shares: (Double(shares.sum), Double(shares.product)))
      // Products of up to 3, one for each row.
      expectClose(
        sums,
        zip(twin.dScale, numbers.dScale.doubles).map(+)
          + zip(twin.dShift, numbers.dShift.doubles).map(+),
        absolute: Double(rows + 4) * 4 * ulp, what)
      // Sums of `columns` products of up to 3 in several chains, whose roundings differ in sign.
      expectClose(
        dx.values, twin.dx, absolute: (8 + 4 * Double(columns).squareRoot()) * 4 * ulp, what)
      #expect(run(GuardedFloats(numbers.dy), into: nil) == sums, "without dx, \(what)")
      let inPlace = GuardedFloats(numbers.dy)
      #expect(run(inPlace, into: inPlace) == sums, "in place, \(what)")
      #expect(inPlace.values == dx.values, "in place, \(what)")
    }
  }
}
