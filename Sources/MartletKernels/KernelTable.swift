import MartletKernelTable

/// The kernels of the level this module was compiled for.
///
/// The families are put together here instead of standing in globals: copying a large structure of
/// functions would need a helper whose name all levels share.
package func kernelTable() -> Kernels {
  Kernels(
    name: levelName, vectorWidth: vectorWidth, product: productKernels, winograd: winogradKernels,
    depthwise: depthwiseKernels, elementwise: elementwiseKernels, layout: layoutKernels,
    softmax: softmaxKernels,
    pooling: poolingKernels, image: imageKernels, normalization: normalizationKernels,
    reduction: reductionKernels, penalty: penaltyKernels,
    optimizer: optimizerKernels, random: randomKernels, conversion: conversionKernels)
}

#if MARTLET_AVX512
  /// The same with products on bfloat16 pairs, for processors that have an instruction for them.
  package func kernelTableWithPairs() -> Kernels {
    Kernels(
      kernelTable(), name: "avx512_bf16",
      bfloat16: BFloat16Kernels(split: nil, bfloat16: pairProducts()))
  }

  /// The same with products on tile registers, for processors that have them.
  package func kernelTableWithTiles() -> Kernels {
    Kernels(kernelTable(), name: "amx", bfloat16: processorTileKernels())
  }
#endif
