import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTestSupport
import Testing

@Suite struct RandomTests {
  /// Known answers of Random123 (`kat_vectors`, philox4x32 with 10 rounds).
  @Test func philoxGivesTheKnownAnswers() {
    let all: UInt32 = 0xffff_ffff
    #expect(
      PlainRandom.philox(counter: [0, 0, 0, 0], key: [0, 0])
        == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    #expect(
      PlainRandom.philox(counter: [all, all, all, all], key: [all, all])
        == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      PlainRandom.philox(
        counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        key: [0xa409_3822, 0x299f_31d0])
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test(arguments: KernelSelection.available)
  func uniformIsTheSameBitsAtEveryLevel(_ kernels: Kernels) {
    let key: UInt64 = 0x299f_31d0_a409_3822
    let stream: UInt64 = 0x0370_7344_1319_8a2e
    // The third start crosses the carry into the counter's second word.
    for first in [0, 1, 4 * 0xffff_ffff - 6, 1 << 40] {
      for offset in 0...4 {
        for count in awkwardCounts(kernels) + [200] {
          let y = GuardedFloats(count: count)
          kernels.random.uniform(key, stream, first + offset, y.pointer, count)
          let expected: [Float] = PlainRandom.uniform(
            key: key, stream: stream, first: first + offset, count: count)
          #expect(y.values == expected, "from \(first + offset), \(count) elements")
          y.expectGuards()
        }
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func dropoutKeepsWhatUniformSays(_ kernels: Kernels) {
    for first in [0, 3, 1001] {
      for count in awkwardCounts(kernels) + [300] {
        let x = [Float](repeating: 1, count: count)
        let input = GuardedFloats(x)
        let y = GuardedFloats(count: count)
        kernels.random.dropout(input.source, y.pointer, count, 0.25, 7, 9, first)
        let expected = PlainRandom.dropout(x, rate: 0.25, key: 7, stream: 9, first: first)
        #expect(y.values == expected, "from \(first), \(count) elements")
        // Keras: exactly 0 and 4/3.
        #expect(y.values.allSatisfy { $0 == 0 || $0 == 1.3333334 })
        y.expectGuards()
        kernels.random.dropout(input.source, input.pointer, count, 0.25, 7, 9, first)
        #expect(input.values == expected, "in place, from \(first), \(count) elements")
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func dropoutHidesWhatItDrops(_ kernels: Kernels) {
    let x = [Float](repeating: .nan, count: 64)
    let y = GuardedFloats(count: 64)
    kernels.random.dropout(GuardedFloats(x).source, y.pointer, 64, 0.5, 1, 2, 0)
    let expected = PlainRandom.dropout(
      [Float](repeating: 1, count: 64), rate: 0.5, key: 1, stream: 2, first: 0)
    #expect(zip(y.values, expected).allSatisfy { $1 == 0 ? $0 == 0 : $0.isNaN })
  }

  @Test(arguments: KernelSelection.available)
  func normalNumbersHaveTheirMoments(_ kernels: Kernels) {
    let count = 200_000
    let y = GuardedFloats(count: count)
    kernels.random.normal(3, 4, 0, y.pointer, count)
    let values = y.doubles
    let mean = values.reduce(0, +) / Double(count)
    let variance = values.reduce(0) { $0 + $1 * $1 } / Double(count)
    let fourth = values.reduce(0) { $0 + $1 * $1 * $1 * $1 } / Double(count)
    // Five standard errors: √(1/n), √(2/n) and √(96/n).
    #expect(abs(mean) < 5 * (1 / Double(count)).squareRoot())
    #expect(abs(variance - 1) < 5 * (2 / Double(count)).squareRoot())
    #expect(abs(fourth - 3) < 5 * (96 / Double(count)).squareRoot())
    y.expectGuards()
  }

  @Test(arguments: KernelSelection.available)
  func normalNumbersComeFromTheirWords(_ kernels: Kernels) {
    for first in [0, 2, 5, 999] {
      for count in awkwardCounts(kernels) {
        let y = GuardedFloats(count: count)
        kernels.random.normal(11, 12, first, y.pointer, count)
        let even = first & ~1
        let u: [Double] = PlainRandom.uniform(
          key: 11, stream: 12, first: even, count: count + 3)
        let expected = (0..<count).map { i -> Double in
          PlainRandom.boxMuller(
            u[(first - even + i) & ~1], u[(first - even + i) | 1])[(first - even + i) & 1]
        }
        // Sine and cosine are good to 1e-7, and the radius is at most 5.8.
        expectClose(
          y.values, expected, relative: 8 * ulp, absolute: 1e-6, "from \(first), \(count) elements")
        y.expectGuards()
      }
    }
  }
}
