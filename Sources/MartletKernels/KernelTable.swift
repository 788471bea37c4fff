import MartletKernelTable

/// The kernels of the level this module was compiled for.
package func kernelTable() -> Kernels {
  Kernels(
    name: levelName, vectorWidth: vectorWidth, product: productKernels,
    elementwise: elementwiseKernels, softmax: softmaxKernels, pooling: poolingKernels,
    normalization: normalizationKernels, reduction: reductionKernels,
    optimizer: optimizerKernels, random: randomKernels, conversion: conversionKernels)
}
