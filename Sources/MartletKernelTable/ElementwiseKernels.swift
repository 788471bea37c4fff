/// Functions applied to every element. Slopes as in Keras.
package enum Activation: Hashable, Sendable {
  case linear
  case relu
  /// x where x > 0, else slope·x.
  case leakyRelu(slope: Float)
  /// x where x > 0, else alpha·(exp(x) − 1).
  case elu(alpha: Float)
  case sigmoid
  case tanh
  /// Keras's full `relu`: `maximum` above it, x from `threshold` on, slope·(x − threshold) below.
  case boundedRelu(slope: Float, maximum: Float, threshold: Float)
  /// x within bounds: `relu6` is that from 0 to 6, `hard_tanh` from −1 to 1. No slope at the bounds.
  case clipped(minimum: Float, maximum: Float)
  /// elu with the constants that keep mean 0 and variance 1 (Klambauer et al. 2017, arXiv:1706.02515).
  case selu
  /// x · Φ(x), Φ the normal distribution (Hendrycks & Gimpel 2016, arXiv:1606.08415), and the same
  /// paper's approximation x · (1 + tanh(√(2/π)(x + 0.044715 x³))) / 2.
  case gelu
  case geluByTanh
  /// x · sigmoid(x), also called swish.
  case silu
  /// x/6 + ½ within [0, 1].
  case hardSigmoid
  /// x · hardSigmoid(x).
  case hardSilu
  /// log(1 + eˣ).
  case softplus
  /// x / (1 + |x|).
  case softsign
  case exponential
  /// x · tanh(softplus(x)) (Misra 2019, arXiv:1908.08681).
  case mish
  /// −softplus(−x).
  case logSigmoid
  /// x².
  case square
  case squareRoot
  /// 1 / x.
  case reciprocal
  /// |x|, whose slope at 0 is 0.
  case magnitude
  /// The natural logarithm.
  case logarithm
  /// −1, 0 or 1. Its slope is 0.
  case sign

  /// Of `selu`: for negative values, and for all.
  package static let seluAlpha = 1.6732632423543772
  package static let seluScale = 1.0507009873554805

  /// Whether the derivative cannot be told from the result alone.
  package var derivativeNeedsInput: Bool {
    switch self {
    case .boundedRelu, .gelu, .geluByTanh, .silu, .hardSilu, .mish: true
    case .square, .magnitude, .logarithm: true
    case .leakyRelu(let slope): slope < 0
    case .elu(let alpha): alpha < 0
    default: false
    }
  }
}

package struct ElementwiseKernels: Sendable {
  /// y = f(x). `y` may be `x`.
  package var activate: @Sendable (Activation, _ x: Source, _ y: Target, _ count: Int) -> Void
  /// dx = dy · f′. Reads `x` only where `derivativeNeedsInput`, else `y`. `dx` may be `dy`.
  package var activateBackward:
    @Sendable (Activation, _ x: Source, _ y: Source, _ dy: Source, _ dx: Target, _ count: Int) ->
      Void
  /// y = a + b. `y` may be `a` or `b`.
  package var add: @Sendable (_ a: Source, _ b: Source, _ y: Target, _ count: Int) -> Void
  /// y = max(0, a + b). `y` may be `a` or `b`.
  package var addAndClamp: @Sendable (_ a: Source, _ b: Source, _ y: Target, _ count: Int) -> Void
  /// y = x · scale + offset. `y` may be `x`.
  package var scaleOffset:
    @Sendable (_ x: Source, _ scale: Float, _ offset: Float, _ y: Target, _ count: Int) -> Void
  /// y[row, column] = x[row, column] + bias[column]. `y` may be `x`.
  package var addBias:
    @Sendable (_ x: Source, _ bias: Source, _ y: Target, _ rows: Int, _ columns: Int) -> Void
  /// Copies `rows` rows of `columns` elements; both sides have their own row step.
  package var copyRows:
    @Sendable (
      _ x: Source, _ xRowStep: Int, _ y: Target, _ yRowStep: Int, _ rows: Int, _ columns: Int
    ) -> Void
  /// y[row, column] = x[column] · scale: one row repeated. Overwrites `y`.
  package var repeatRow:
    @Sendable (_ x: Source, _ scale: Float, _ y: Target, _ rows: Int, _ columns: Int) -> Void
  /// y = a + b over an index space of `rank` axes, where a step of 0 repeats an operand
  /// (NumPy's broadcasting). `y` is contiguous and overwritten.
  package var addBroadcast:
    @Sendable (
      _ a: Source, _ aSteps: UnsafePointer<Int>, _ b: Source, _ bSteps: UnsafePointer<Int>,
      _ y: Target, _ extents: UnsafePointer<Int>, _ rank: Int
    ) -> Void
  /// The gradient of a broadcast: dx[i] += Σ of the dy that were made from x[i]. `dy` is contiguous.
  package var reduceBroadcast:
    @Sendable (
      _ dy: Source, _ dx: Target, _ dxSteps: UnsafePointer<Int>, _ extents: UnsafePointer<Int>,
      _ rank: Int
    ) -> Void
  /// dx[i] += Σ dy², as `reduceBroadcast`.
  package var reduceSquares:
    @Sendable (
      _ dy: Source, _ dx: Target, _ dxSteps: UnsafePointer<Int>, _ extents: UnsafePointer<Int>,
      _ rank: Int
    ) -> Void
  /// y[i] = the greatest, or the least, of y[i] and the x that belong to it, as `reduceBroadcast`; NaN
  /// wins.
  package var reduceExtreme:
    @Sendable (
      _ x: Source, _ isMinimum: Bool, _ y: Target, _ ySteps: UnsafePointer<Int>,
      _ extents: UnsafePointer<Int>, _ rank: Int
    ) -> Void
  /// y = a · b, as `addBroadcast`; `y` may be `a` if nothing of `a` repeats.
  package var multiplyBroadcast:
    @Sendable (
      _ a: Source, _ aSteps: UnsafePointer<Int>, _ b: Source, _ bSteps: UnsafePointer<Int>,
      _ y: Target, _ extents: UnsafePointer<Int>, _ rank: Int
    ) -> Void
  /// The greater, or the lesser, of two numbers; NaN wins. `y` may be `a` or `b`.
  package var extreme:
    @Sendable (_ a: Source, _ b: Source, _ isMinimum: Bool, _ y: Target, _ count: Int) -> Void
  /// Where x is y, `part` takes what is in `rest` and leaves 0 there; elsewhere `part` is 0.
  package var claim:
    @Sendable (_ x: Source, _ y: Source, _ rest: Target, _ part: Target, _ count: Int) -> Void
  /// y = x where x > 0, else slope · x, every element with a slope of its own. `y` may be `x`.
  package var parametricRelu:
    @Sendable (_ x: Source, _ slopes: Source, _ y: Target, _ count: Int) -> Void
  /// dx = dy · (1 or slope; 0 where x is 0) and dSlopes = dy · min(x, 0). Overwrites both; `dx` may
  /// be `dy`, and is `nil` where nobody asks.
  package var parametricReluBackward:
    @Sendable (
      _ x: Source, _ slopes: Source, _ dy: Source, _ dx: Target?, _ dSlopes: Target, _ count: Int
    ) -> Void

  package init(
    activate: @escaping @Sendable (Activation, _ x: Source, _ y: Target, _ count: Int) -> Void,
    activateBackward:
      @escaping @Sendable (
        Activation, _ x: Source, _ y: Source, _ dy: Source, _ dx: Target, _ count: Int
      ) -> Void,
    add: @escaping @Sendable (_ a: Source, _ b: Source, _ y: Target, _ count: Int) -> Void,
    addAndClamp: @escaping @Sendable (_ a: Source, _ b: Source, _ y: Target, _ count: Int) -> Void,
    scaleOffset:
      @escaping @Sendable (_ x: Source, _ scale: Float, _ offset: Float, _ y: Target, _ count: Int)
      -> Void,
    addBias:
      @escaping @Sendable (_ x: Source, _ bias: Source, _ y: Target, _ rows: Int, _ columns: Int) ->
      Void,
    copyRows:
      @escaping @Sendable (
        _ x: Source, _ xRowStep: Int, _ y: Target, _ yRowStep: Int, _ rows: Int, _ columns: Int
      ) -> Void,
    repeatRow:
      @escaping @Sendable (_ x: Source, _ scale: Float, _ y: Target, _ rows: Int, _ columns: Int) ->
      Void,
    addBroadcast:
      @escaping @Sendable (
        _ a: Source, _ aSteps: UnsafePointer<Int>, _ b: Source, _ bSteps: UnsafePointer<Int>,
        _ y: Target, _ extents: UnsafePointer<Int>, _ rank: Int
      ) -> Void,
    reduceBroadcast:
      @escaping @Sendable (
        _ dy: Source, _ dx: Target, _ dxSteps: UnsafePointer<Int>, _ extents: UnsafePointer<Int>,
        _ rank: Int
      ) -> Void,
    reduceSquares:
      @escaping @Sendable (
        _ dy: Source, _ dx: Target, _ dxSteps: UnsafePointer<Int>, _ extents: UnsafePointer<Int>,
        _ rank: Int
      ) -> Void,
    reduceExtreme:
      @escaping @Sendable (
        Source, Bool, Target, UnsafePointer<Int>, UnsafePointer<Int>, Int
      ) -> Void,
    multiplyBroadcast:
      @escaping @Sendable (
        _ a: Source, _ aSteps: UnsafePointer<Int>, _ b: Source, _ bSteps: UnsafePointer<Int>,
        _ y: Target, _ extents: UnsafePointer<Int>, _ rank: Int
      ) -> Void,
    extreme: @escaping @Sendable (Source, Source, Bool, Target, Int) -> Void,
    claim: @escaping @Sendable (Source, Source, Target, Target, Int) -> Void,
    parametricRelu: @escaping @Sendable (Source, Source, Target, Int) -> Void,
    parametricReluBackward:
      @escaping @Sendable (Source, Source, Source, Target?, Target, Int) -> Void
  ) {
    self.activate = activate
    self.activateBackward = activateBackward
    self.add = add
    self.addAndClamp = addAndClamp
    self.scaleOffset = scaleOffset
    self.addBias = addBias
    self.copyRows = copyRows
    self.repeatRow = repeatRow
    self.addBroadcast = addBroadcast
    self.reduceBroadcast = reduceBroadcast
    self.reduceSquares = reduceSquares
    self.reduceExtreme = reduceExtreme
    self.multiplyBroadcast = multiplyBroadcast
    self.extreme = extreme
    self.claim = claim
    self.parametricRelu = parametricRelu
    self.parametricReluBackward = parametricReluBackward
  }
}
