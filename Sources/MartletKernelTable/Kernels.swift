/// The kernels of one instruction-set level: what the floors above may ask of the processor.
///
/// Every level fills one such table (`MartletKernels/*.swift`), `MartletDispatch` picks one at start.
/// A kernel is a pure function on pointers: it does not allocate, does not know about threads, layers
/// or samples, reads exactly the elements its contract names and writes exactly its results. The
/// same table on the same input gives the same bits, whatever is around it.
///
/// Legend: `count` elements, `rows × columns` a matrix with contiguous rows unless a step is given,
/// `d` + name a gradient. Steps are in elements. "Overwrites" means the old value is never read.
package struct Kernels: Sendable {
  /// The name users know: `portable`, `avx2`, `avx512`, `avx512_bf16` or `amx`; the last two are AVX-512
  /// with bfloat16 pairs and with tile registers.
  package private(set) var name: String
  /// Floats in one vector. Packed panels are padded to a multiple of it.
  package let vectorWidth: Int

  /// Of the precision in use; `floats` is always float32.
  package var product: ProductKernels
  package let floats: ProductKernels
  /// Where the processor multiplies bfloat16 numbers faster than floats.
  package var bfloat16: BFloat16Kernels?
  package var winograd: WinogradKernels
  package var depthwise: DepthwiseKernels
  package var elementwise: ElementwiseKernels
  package var layout: LayoutKernels
  package var softmax: SoftmaxKernels
  package var pooling: PoolingKernels
  package var image: ImageKernels
  package var normalization: NormalizationKernels
  package var reduction: ReductionKernels
  package var penalty: PenaltyKernels
  package var optimizer: OptimizerKernels
  package var random: RandomKernels
  package var conversion: ConversionKernels

  package init(
    name: String, vectorWidth: Int, product: ProductKernels, winograd: WinogradKernels,
    depthwise: DepthwiseKernels,
    elementwise: ElementwiseKernels, layout: LayoutKernels, softmax: SoftmaxKernels,
    pooling: PoolingKernels, image: ImageKernels, normalization: NormalizationKernels,
    reduction: ReductionKernels, penalty: PenaltyKernels, optimizer: OptimizerKernels,
    random: RandomKernels, conversion: ConversionKernels
  ) {
    self.name = name
    self.vectorWidth = vectorWidth
    self.product = product
    floats = product
    self.winograd = winograd
    self.depthwise = depthwise
    self.elementwise = elementwise
    self.layout = layout
    self.softmax = softmax
    self.pooling = pooling
    self.image = image
    self.normalization = normalization
    self.reduction = reduction
    self.penalty = penalty
    self.optimizer = optimizer
    self.random = random
    self.conversion = conversion
  }

  /// The same kernels with others for products of bfloat16 numbers.
  package init(_ kernels: Kernels, name: String, bfloat16: BFloat16Kernels) {
    self = kernels
    self.name = name
    self.bfloat16 = bfloat16
  }

  /// The same kernels with products of this precision, if that is faster than float32: else fused
  /// multiply-adds of floats stay.
  package func with(_ precision: ProductPrecision) -> Kernels {
    guard let bfloat16, precision != product.precision else { return self }
    var kernels = self
    switch precision {
    case .float32: break
    case .split: kernels.product = bfloat16.split ?? product
    case .bfloat16: kernels.product = bfloat16.bfloat16
    }
    return kernels
  }

  /// The same kernels with products of floats.
  package var withFloats: Kernels {
    var kernels = self
    kernels.product = floats
    return kernels
  }
}

package typealias Source = UnsafePointer<Float>
package typealias Target = UnsafeMutablePointer<Float>
