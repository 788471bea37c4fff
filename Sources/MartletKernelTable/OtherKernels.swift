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

  /// Whether the derivative cannot be told from the result alone.
  package var derivativeNeedsInput: Bool {
    switch self {
    case .boundedRelu: true
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

  package init(
    activate: @escaping @Sendable (Activation, _ x: Source, _ y: Target, _ count: Int) -> Void,
    activateBackward:
      @escaping @Sendable (
        Activation, _ x: Source, _ y: Source, _ dy: Source, _ dx: Target, _ count: Int
      ) -> Void,
    add: @escaping @Sendable (_ a: Source, _ b: Source, _ y: Target, _ count: Int) -> Void,
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
      ) -> Void
  ) {
    self.activate = activate
    self.activateBackward = activateBackward
    self.add = add
    self.scaleOffset = scaleOffset
    self.addBias = addBias
    self.copyRows = copyRows
    self.repeatRow = repeatRow
    self.addBroadcast = addBroadcast
    self.reduceBroadcast = reduceBroadcast
  }
}

/// What a loss compares. Semantics of Keras 3, `keras/src/losses/losses.py` and
/// `keras/src/backend/tensorflow/nn.py` (clip to [1e-7, 1 − 1e-7] where probabilities are given).
package enum LossFunction: Hashable, Sendable {
  case sparseCategoricalCrossentropy(fromLogits: Bool)
  case categoricalCrossentropy(fromLogits: Bool, labelSmoothing: Float)
  case binaryCrossentropy(fromLogits: Bool, labelSmoothing: Float)
  case meanSquaredError
}

package struct SoftmaxKernels: Sendable {
  /// Softmax along the middle axis of [outer, size, inner]. `y` may be `x`.
  package var forward:
    @Sendable (_ x: Source, _ y: Target, _ outer: Int, _ size: Int, _ inner: Int) -> Void
  /// dx = y · (dy − Σ dy·y) along the middle axis. `dx` may be `dy`.
  package var backward:
    @Sendable (
      _ y: Source, _ dy: Source, _ dx: Target, _ outer: Int, _ size: Int, _ inner: Int
    ) -> Void
  /// Losses of `rows` predictions of `size` values each, and their gradient.
  ///
  /// - labels: Class of each row, for the sparse loss, in `0 ..< size`; else `nil`.
  /// - targets: `rows × size` values, for the other losses; else `nil`.
  /// - weights: One factor a row on loss and gradient, or `nil` for 1.
  /// - losses: `rows` values, overwritten: weight · (loss of the row, mean over `size` for the
  ///   binary loss and the squared error).
  /// - gradient: `rows × size` values, overwritten with ∂losses/∂prediction · gradientScale, or `nil`.
  package var loss:
    @Sendable (
      LossFunction, _ prediction: Source, _ labels: UnsafePointer<Int32>?, _ targets: Source?,
      _ weights: Source?, _ rows: Int, _ size: Int, _ losses: Target, _ gradient: Target?,
      _ gradientScale: Float
    ) -> Void

  package init(
    forward:
      @escaping @Sendable (_ x: Source, _ y: Target, _ outer: Int, _ size: Int, _ inner: Int) ->
      Void,
    backward:
      @escaping @Sendable (
        _ y: Source, _ dy: Source, _ dx: Target, _ outer: Int, _ size: Int, _ inner: Int
      ) -> Void,
    loss:
      @escaping @Sendable (
        LossFunction, _ prediction: Source, _ labels: UnsafePointer<Int32>?, _ targets: Source?,
        _ weights: Source?, _ rows: Int, _ size: Int, _ losses: Target, _ gradient: Target?,
        _ gradientScale: Float
      ) -> Void
  ) {
    self.forward = forward
    self.backward = backward
    self.loss = loss
  }
}

/// One image plane and its windows: y[P, Q, channels] from x[H, W, channels].
/// Points beyond the image are never read; `same` padding shows as `padTop` and `padLeft`.
package struct PoolingWindow: Sendable {
  package var height: Int, width: Int, channels: Int
  package var outputHeight: Int, outputWidth: Int
  package var poolHeight: Int, poolWidth: Int
  package var strideHeight: Int, strideWidth: Int
  package var padTop: Int, padLeft: Int
  /// Elements between image rows and between points, of the large plane and of the pooled one:
  /// the plane may be a few channels of a wider one.
  package var rowStep: Int, pointStep: Int
  package var outputRowStep: Int, outputPointStep: Int

  package init(
    height: Int, width: Int, channels: Int, outputHeight: Int, outputWidth: Int, poolHeight: Int,
    poolWidth: Int, strideHeight: Int, strideWidth: Int, padTop: Int, padLeft: Int, rowStep: Int,
    pointStep: Int, outputRowStep: Int, outputPointStep: Int
  ) {
    self.height = height
    self.width = width
    self.channels = channels
    self.outputHeight = outputHeight
    self.outputWidth = outputWidth
    self.poolHeight = poolHeight
    self.poolWidth = poolWidth
    self.strideHeight = strideHeight
    self.strideWidth = strideWidth
    self.padTop = padTop
    self.padLeft = padLeft
    self.rowStep = rowStep
    self.pointStep = pointStep
    self.outputRowStep = outputRowStep
    self.outputPointStep = outputPointStep
  }
}

package struct PoolingKernels: Sendable {
  /// The greatest value of each window and which tap held it: `r·poolWidth + s`, the first of equal
  /// ones in row-major order, as Keras sends the gradient. NaN wins. `taps` has the layout of
  /// `y`; `nil` where no gradient will be asked for.
  package var maximum:
    @Sendable (
      _ x: Source, _ y: Target, _ taps: UnsafeMutablePointer<UInt16>?, borrowing PoolingWindow
    ) -> Void
  /// Adds each dy to the point of `dx` that `taps` names. The caller has filled `dx`, with zeros
  /// for a plain gradient.
  package var maximumBackward:
    @Sendable (
      _ dy: Source, _ taps: UnsafePointer<UInt16>, _ dx: Target, borrowing PoolingWindow
    ) -> Void
  /// The mean of each window's points inside the image (padding does not count, as in Keras).
  package var average: @Sendable (_ x: Source, _ y: Target, borrowing PoolingWindow) -> Void
  /// Adds dy / (points inside) to every point of the window. The caller has filled `dx`.
  package var averageBackward:
    @Sendable (_ dy: Source, _ dx: Target, borrowing PoolingWindow) -> Void

  package init(
    maximum:
      @escaping @Sendable (
        _ x: Source, _ y: Target, _ taps: UnsafeMutablePointer<UInt16>?, borrowing PoolingWindow
      ) -> Void,
    maximumBackward:
      @escaping @Sendable (
        _ dy: Source, _ taps: UnsafePointer<UInt16>, _ dx: Target, borrowing PoolingWindow
      ) -> Void,
    average: @escaping @Sendable (_ x: Source, _ y: Target, borrowing PoolingWindow) -> Void,
    averageBackward:
      @escaping @Sendable (_ dy: Source, _ dx: Target, borrowing PoolingWindow) -> Void
  ) {
    self.maximum = maximum
    self.maximumBackward = maximumBackward
    self.average = average
    self.averageBackward = averageBackward
  }
}

/// Tensors here are [rows, channels, inner]; `inner` is 1 for channels-last data.
package struct NormalizationKernels: Sendable {
  /// Mean and sum of squared deviations from it, per channel. Overwrites both.
  package var moments:
    @Sendable (
      _ x: Source, _ rows: Int, _ channels: Int, _ inner: Int, _ mean: Target, _ deviations: Target
    ) -> Void
  /// Merges moments of `counts[part]` elements each, parts in rising order, after Chan, Golub &
  /// LeVeque 1979: `means` and `deviations` are [parts, channels], the results [channels].
  package var mergeMoments:
    @Sendable (
      _ means: Source, _ deviations: Source, _ counts: UnsafePointer<Int>, _ parts: Int,
      _ channels: Int, _ mean: Target, _ deviation: Target
    ) -> Void
  /// y = x · scale[channel] + shift[channel]. `y` may be `x`.
  package var scaleShift:
    @Sendable (
      _ x: Source, _ scale: Source, _ shift: Source, _ y: Target, _ rows: Int, _ channels: Int,
      _ inner: Int
    ) -> Void
  /// dGamma[c] = Σ dy · (x − mean) · inverseDeviation, dBeta[c] = Σ dy. Overwrites both.
  package var backwardSums:
    @Sendable (
      _ x: Source, _ dy: Source, _ mean: Source, _ inverseDeviation: Source, _ rows: Int,
      _ channels: Int, _ inner: Int, _ dGamma: Target, _ dBeta: Target
    ) -> Void
  /// dx = dy·a[c] + x·b[c] + offset[c]: batch normalization's input gradient once the sums are known.
  package var backwardInput:
    @Sendable (
      _ x: Source, _ dy: Source, _ a: Source, _ b: Source, _ offset: Source, _ dx: Target,
      _ rows: Int, _ channels: Int, _ inner: Int
    ) -> Void

  package init(
    moments:
      @escaping @Sendable (
        _ x: Source, _ rows: Int, _ channels: Int, _ inner: Int, _ mean: Target,
        _ deviations: Target
      ) -> Void,
    mergeMoments:
      @escaping @Sendable (
        _ means: Source, _ deviations: Source, _ counts: UnsafePointer<Int>, _ parts: Int,
        _ channels: Int, _ mean: Target, _ deviation: Target
      ) -> Void,
    scaleShift:
      @escaping @Sendable (
        _ x: Source, _ scale: Source, _ shift: Source, _ y: Target, _ rows: Int, _ channels: Int,
        _ inner: Int
      ) -> Void,
    backwardSums:
      @escaping @Sendable (
        _ x: Source, _ dy: Source, _ mean: Source, _ inverseDeviation: Source, _ rows: Int,
        _ channels: Int, _ inner: Int, _ dGamma: Target, _ dBeta: Target
      ) -> Void,
    backwardInput:
      @escaping @Sendable (
        _ x: Source, _ dy: Source, _ a: Source, _ b: Source, _ offset: Source, _ dx: Target,
        _ rows: Int, _ channels: Int, _ inner: Int
      ) -> Void
  ) {
    self.moments = moments
    self.mergeMoments = mergeMoments
    self.scaleShift = scaleShift
    self.backwardSums = backwardSums
    self.backwardInput = backwardInput
  }
}

package struct ReductionKernels: Sendable {
  /// y[column] (+)= scale · Σ over rows of x[row·rowStep + column], rows in a fixed order.
  package var columnSums:
    @Sendable (
      _ x: Source, _ rowStep: Int, _ rows: Int, _ columns: Int, _ scale: Float, _ y: Target,
      _ accumulates: Bool
    ) -> Void
  /// y[i] = Σ over parts of x[part·partStep + i], parts in rising order. Overwrites `y`.
  package var sumParts:
    @Sendable (_ x: Source, _ partStep: Int, _ parts: Int, _ y: Target, _ count: Int) -> Void
  /// Whether no element is NaN or infinite.
  package var isFinite: @Sendable (_ x: Source, _ count: Int) -> Bool
  /// Index of the greatest of `count` values, the first of equal ones; NaN counts as greatest.
  package var argmax: @Sendable (_ x: Source, _ count: Int) -> Int

  package init(
    columnSums:
      @escaping @Sendable (
        _ x: Source, _ rowStep: Int, _ rows: Int, _ columns: Int, _ scale: Float, _ y: Target,
        _ accumulates: Bool
      ) -> Void,
    sumParts:
      @escaping @Sendable (_ x: Source, _ partStep: Int, _ parts: Int, _ y: Target, _ count: Int) ->
      Void,
    isFinite: @escaping @Sendable (_ x: Source, _ count: Int) -> Bool,
    argmax: @escaping @Sendable (_ x: Source, _ count: Int) -> Int
  ) {
    self.columnSums = columnSums
    self.sumParts = sumParts
    self.isFinite = isFinite
    self.argmax = argmax
  }
}

/// Keras's update rules (`keras/src/optimizers`), one pass over a stretch of a parameter buffer.
package struct OptimizerKernels: Sendable {
  /// w −= rate · g.
  package var sgd: @Sendable (_ w: Target, _ g: Source, _ rate: Float, _ count: Int) -> Void
  /// m = momentum·m − rate·g; w += m, or with `nesterov` w += momentum·m − rate·g with the new m.
  package var momentum:
    @Sendable (
      _ w: Target, _ g: Source, _ m: Target, _ rate: Float, _ momentum: Float, _ nesterov: Bool,
      _ count: Int
    ) -> Void
  /// m += (g − m)(1 − β₁); v += (g² − v)(1 − β₂); w −= m·alpha / (√v + ε), with
  /// alpha = rate·√(1 − β₂ᵗ)/(1 − β₁ᵗ) worked out by the caller (Kingma & Ba 2014, "epsilon hat").
  /// The caller takes the same floats β₁ and β₂: 1 − β₂ is 1e-5 off for the float nearest to 0.999,
  /// which cancels only where both sides have it.
  package var adam:
    @Sendable (
      _ w: Target, _ g: Source, _ m: Target, _ v: Target, _ alpha: Float, _ beta1: Float,
      _ beta2: Float, _ epsilon: Float, _ count: Int
    ) -> Void
  /// v = ρ·v + (1 − ρ)g²; push = rate·g / √(v + ε), ε inside the root (Hinton's lecture 6e, 2012, as
  /// Keras has it). With `mean`, where v is centered: mean = ρ·mean + (1 − ρ)g, and v − mean² takes
  /// the place of v in the root. w −= push, or with `velocity`: velocity = momentum·velocity + push;
  /// w −= velocity.
  package var rmsprop:
    @Sendable (
      _ w: Target, _ g: Source, _ v: Target, _ velocity: Target?, _ mean: Target?, _ rate: Float,
      _ rho: Float, _ momentum: Float, _ epsilon: Float, _ count: Int
    ) -> Void

  package init(
    sgd: @escaping @Sendable (Target, Source, Float, Int) -> Void,
    momentum: @escaping @Sendable (Target, Source, Target, Float, Float, Bool, Int) -> Void,
    adam:
      @escaping @Sendable (
        Target, Source, Target, Target, Float, Float, Float, Float, Int
      ) -> Void,
    rmsprop:
      @escaping @Sendable (
        Target, Source, Target, Target?, Target?, Float, Float, Float, Float, Int
      ) -> Void
  ) {
    self.sgd = sgd
    self.momentum = momentum
    self.adam = adam
    self.rmsprop = rmsprop
  }
}

/// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405).
///
/// `key` is the seed; `stream` names the use (layer, step); element i takes word i % 4 of the block
/// with counter (i / 4, stream). So any stretch can be made alone, in any order, on any thread.
package struct RandomKernels: Sendable {
  /// Uniform in [0, 1): the 24 high bits of a word over 2²⁴. Elements `first ..< first + count`.
  package var uniform:
    @Sendable (_ key: UInt64, _ stream: UInt64, _ first: Int, _ y: Target, _ count: Int) -> Void
  /// Standard normal by Box & Muller, elements 2j and 2j + 1 from words of the same block.
  package var normal:
    @Sendable (_ key: UInt64, _ stream: UInt64, _ first: Int, _ y: Target, _ count: Int) -> Void
  /// y = x / (1 − rate) where the element's uniform number is ≥ rate, else 0. Its own gradient:
  /// applied to dy with the same key, stream and `first` it gives dx. `y` may be `x`.
  package var dropout:
    @Sendable (
      _ x: Source, _ y: Target, _ count: Int, _ rate: Float, _ key: UInt64, _ stream: UInt64,
      _ first: Int
    ) -> Void

  package init(
    uniform:
      @escaping @Sendable (_ key: UInt64, _ stream: UInt64, _ first: Int, _ y: Target, _ count: Int)
      -> Void,
    normal:
      @escaping @Sendable (_ key: UInt64, _ stream: UInt64, _ first: Int, _ y: Target, _ count: Int)
      -> Void,
    dropout:
      @escaping @Sendable (
        _ x: Source, _ y: Target, _ count: Int, _ rate: Float, _ key: UInt64, _ stream: UInt64,
        _ first: Int
      ) -> Void
  ) {
    self.uniform = uniform
    self.normal = normal
    self.dropout = dropout
  }
}

/// Element types that data may come in.
package enum ElementType: Int32, CaseIterable, Sendable {
  case float32 = 0
  case float64 = 1
  case int8 = 2
  case uint8 = 3
  case int16 = 4
  case uint16 = 5
  case int32 = 6
  case uint32 = 7
  case int64 = 8
  case uint64 = 9
  case bool = 10
  case float16 = 11

  package var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .int16, .uint16, .float16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }
}

package struct ConversionKernels: Sendable {
  /// y[i] = Float(element at source + i·byteStep). Unaligned sources and negative steps are fine.
  package var toFloat:
    @Sendable (
      ElementType, _ source: UnsafeRawPointer, _ byteStep: Int, _ y: Target, _ count: Int
    ) -> Void

  package init(
    toFloat:
      @escaping @Sendable (
        ElementType, _ source: UnsafeRawPointer, _ byteStep: Int, _ y: Target, _ count: Int
      ) -> Void
  ) {
    self.toFloat = toFloat
  }
}

/// The value of IEEE 754 binary16 `bits`, by hand: `Float16` is not there on every platform Swift
/// runs on. Exact; NaN keeps its payload.
@inlinable @inline(__always) package func halfToFloat(_ bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let magnitude = UInt32(bits & 0x7fff) << 13
  // Moving the exponent's bias by a multiplication also makes subnormal halves normal floats.
  let finite = Float(bitPattern: magnitude) * 0x1p112
  let isFinite = bits & 0x7c00 != 0x7c00
  return Float(bitPattern: sign | (isFinite ? finite.bitPattern : magnitude | 0x7f80_0000))
}
