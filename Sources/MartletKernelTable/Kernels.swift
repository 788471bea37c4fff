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
  /// The name users know: `portable`, `avx2` or `avx512`.
  package let name: String
  /// Floats in one vector. Packed panels are padded to a multiple of it.
  package let vectorWidth: Int

  package var product: ProductKernels
  package var winograd: WinogradKernels
  package var elementwise: ElementwiseKernels
  package var softmax: SoftmaxKernels
  package var pooling: PoolingKernels
  package var normalization: NormalizationKernels
  package var reduction: ReductionKernels
  package var optimizer: OptimizerKernels
  package var random: RandomKernels
  package var conversion: ConversionKernels

  package init(
    name: String, vectorWidth: Int, product: ProductKernels, winograd: WinogradKernels,
    elementwise: ElementwiseKernels,
    softmax: SoftmaxKernels, pooling: PoolingKernels, normalization: NormalizationKernels,
    reduction: ReductionKernels, optimizer: OptimizerKernels, random: RandomKernels,
    conversion: ConversionKernels
  ) {
    self.name = name
    self.vectorWidth = vectorWidth
    self.product = product
    self.winograd = winograd
    self.elementwise = elementwise
    self.softmax = softmax
    self.pooling = pooling
    self.normalization = normalization
    self.reduction = reduction
    self.optimizer = optimizer
    self.random = random
    self.conversion = conversion
  }
}

package typealias Source = UnsafePointer<Float>
package typealias Target = UnsafeMutablePointer<Float>
