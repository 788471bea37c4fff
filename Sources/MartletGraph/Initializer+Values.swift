import MartletDispatch
import MartletKernelTable
import MartletOps
import MartletTensors

extension Initializer {
  /// Gives a variable its first values. They depend on the seed and the shape alone.
  package func fill(_ variable: Variable, with kernels: Kernels = KernelSelection.current.kernels) {
    let values = variable.mutableValues()
    fill(
      values, count: variable.count, fans: Initializer.fans(of: variable.shape), with: kernels)
  }

  private func fill(
    _ values: Target, count: Int, fans: (input: Double, output: Double), with kernels: Kernels
  ) {
    switch distribution {
    case .constant(let value):
      values.update(repeating: Float(value), count: count)
    case .uniform(let low, let high):
      kernels.random.uniform(seed, 0, 0, values, count)
      Initializer.map(values, count, scale: high - low, offset: low)
    case .normal(let mean, let deviation):
      kernels.random.normal(seed, 0, 0, values, count)
      Initializer.map(values, count, scale: deviation, offset: mean)
    case .truncatedNormal(let mean, let deviation):
      truncatedNormal(values, count, with: kernels)
      Initializer.map(values, count, scale: deviation, offset: mean)
    case .scaled(let scaling):
      let fan =
        switch scaling.fan {
        case .input: fans.input
        case .output: fans.output
        case .average: (fans.input + fans.output) / 2
        }
      let variance = scaling.scale / max(1, fan)
      switch scaling.family {
      case .uniform:
        let limit = (3 * variance).squareRoot()
        kernels.random.uniform(seed, 0, 0, values, count)
        Initializer.map(values, count, scale: 2 * limit, offset: -limit)
      case .untruncated:
        kernels.random.normal(seed, 0, 0, values, count)
        Initializer.map(values, count, scale: variance.squareRoot(), offset: 0)
      case .truncated:
        // The deviation of a standard normal cut at ±2, so that what is left has the variance.
        let deviation = variance.squareRoot() / 0.87962566103423978
        truncatedNormal(values, count, with: kernels)
        Initializer.map(values, count, scale: deviation, offset: 0)
      }
    }
  }

  /// Plain multiply and add, not the fused kernel: the first weights are then the same on every
  /// instruction-set level whose random numbers are.
  private static func map(_ values: Target, _ count: Int, scale: Double, offset: Double) {
    let scale = Float(scale)
    let offset = Float(offset)
    for index in 0..<count { values[index] = values[index] * scale + offset }
  }

  /// Standard normal numbers within ±2. An element beyond takes its number from the next stream
  /// that has one within, so that it does not depend on its neighbours.
  private func truncatedNormal(_ values: Target, _ count: Int, with kernels: Kernels) {
    kernels.random.normal(seed, 0, 0, values, count)
    for index in 0..<count where !(values[index].magnitude <= 2) {
      values[index] = 0
      // 1 in 22 lies beyond: that 64 in a row do has probability 10⁻⁸⁶.
      for stream in 1...64 as ClosedRange<UInt64> {
        var number: Float = 0
        kernels.random.normal(seed, stream, index, &number, 1)
        if number.magnitude <= 2 {
          values[index] = number
          break
        }
      }
    }
  }

  /// Keras's `compute_fans`: for a kernel `[R, S, C, K]`, R·S·C and R·S·K.
  package static func fans(of shape: Shape) -> (input: Double, output: Double) {
    switch shape.rank {
    case 0: return (1, 1)
    case 1: return (Double(shape[0]), Double(shape[0]))
    default:
      let taps = shape.extents.dropLast(2).reduce(1, *)
      return (
        Double(taps * shape[shape.rank - 2]), Double(taps * shape[shape.rank - 1])
      )
    }
  }
}
