import MartletKernelTable
import MartletKernels
import MartletTensors

/// In training a part of images from a random place, the same one for all images of a batch.
///
/// It depends on seed and optimizer step alone, so the backward pass works it out again.
package struct RandomCropOp: Operation {
  /// What happens outside training, or always if it is not random. Its output is as large as the part.
  package let otherwise: ResizeOp
  package let isRandom: Bool
  package let seed: RandomKey

  package init(otherwise: ResizeOp, isRandom: Bool, seed: RandomKey) {
    self.otherwise = otherwise
    self.isRandom = isRandom
    self.seed = seed
  }

  package var label: String { "random crop" }
  package var outsideTraining: any Operation { otherwise }

  private func draws(isTraining: Bool) -> Bool { isRandom && isTraining }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyImage(inputs, of: label)
    guard !isRandom || (otherwise.height <= input[0] && otherwise.width <= input[1]) else {
      throw .invalidArgument(
        "a part of \(otherwise.height) by \(otherwise.width) points does not fit into an image of "
          + "shape \(input)")
    }
    return try otherwise.outputShape(of: inputs)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.scratchCount = 2
    return needs
  }

  /// - Parameter numbers: Two, uniform in [0, 1).
  private func crop(_ numbers: UnsafePointer<Float>, _ image: Shape) -> ResizeOp {
    let (height, width) = (otherwise.height, otherwise.width)
    let part = ResizeOp.Part(
      top: Int(Double(numbers[0]) * Double(image[0] - height + 1)),
      left: Int(Double(numbers[1]) * Double(image[1] - width + 1)), height: height, width: width)
    return ResizeOp(part: part, height: height, width: width, isBilinear: false)
  }

  private func points(_ site: Site, _ task: borrowing Task) -> ImagePoints {
    site.kernels.random.uniform(
      seed.value, randomStream(task.step, site.index), 0, task.scratch, 2)
    let input = site.setting.inputShapes[0]
    return crop(task.scratch, input).map(input)
  }

  package func forward(_ site: Site) -> [Stage] {
    guard draws(isTraining: site.setting.isTraining) else { return otherwise.forward(site) }
    return site.resampling { _, task in points(site, task) }
  }

  package func backward(_ site: Site) -> [Stage] {
    guard draws(isTraining: site.setting.isTraining) else { return otherwise.backward(site) }
    return site.resamplingBackward { _, task in points(site, task) }
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    guard draws(isTraining: setting.isTraining) else {
      return otherwise.reference(inputs, variables: variables, setting: setting)
    }
    let numbers: [Float] = PlainRandom.uniform(
      key: seed.value, stream: randomStream(setting.step, setting.index), first: 0, count: 2)
    return crop(numbers, setting.inputShapes[0])
      .reference(inputs, variables: variables, setting: setting)
  }
}
