import MartletDispatch
import MartletKernelTable
import MartletKernels

/// Kernels with products of bfloat16 numbers: on plain imitations of what some processors have, and on
/// what this one has.
package let bfloat16Levels: [Kernels] = {
  let portable = KernelSelection.available[0]
  let imitations = [
    Kernels(portable, name: "plain tiles", bfloat16: plainTileKernels()),
    Kernels(
      portable, name: "plain pairs",
      bfloat16: BFloat16Kernels(split: nil, bfloat16: pairProducts())),
  ]
  return imitations + KernelSelection.available.filter { $0.bfloat16 != nil }
}()
