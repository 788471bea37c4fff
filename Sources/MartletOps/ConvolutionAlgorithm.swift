import MartletKernelTable
import MartletTensors

/// One way to work out a convolution and its gradients, of a few samples at a time.
///
/// Borders, bias, activation and pooling are the operation's business, but for the bias and a relu
/// that an algorithm can add while it writes.
package protocol ConvolutionAlgorithm {
  /// Most samples that are worked on together.
  var chunkSize: Int { get }
  /// An image with the zeros around it that this algorithm reads, and a gradient of the output.
  var imagePlane: Plane { get }
  var gradientPlane: Plane { get }
  /// Floats for filters laid out for the passes, and for what a pass works with.
  func preparedCount(forInputGradient: Bool) -> Int
  func workCount(isTraining: Bool) -> Int

  /// Lays out filters, [R, S, C / groups, K]: what `prepared` of the passes is.
  func prepare(_ weights: Source, into prepared: Target, forInputGradient: Bool) -> [Stage]
  func forward(_ pass: ConvolutionForward)
  func backward(_ pass: ConvolutionBackward)

  /// Rows of the output that are worked on together: parts are made of so many, but for the last one, and
  /// their results have the bits of the whole.
  var partRows: Int { get }
  /// The forward pass for some of the output's rows, which reads filters prepared for the whole.
  func part(rows: ConvolutionGeometry) -> Self
  /// The forward pass for some of the filters, which reads those prepared for the whole; `nil` where they
  /// do not stand by themselves there.
  func part(filters: Range<Int>) -> Self?
}

/// Planes of several samples, `step` elements apart.
package struct Planes<Pointer> {
  package let first: Pointer
  package let step: Int

  package init(first: Pointer, step: Int) {
    self.first = first
    self.step = step
  }
}

extension Planes<Source> {
  package subscript(sample: Int) -> Source { first + sample * step }
}

extension Planes<Target> {
  package subscript(sample: Int) -> Target { first + sample * step }
}

/// y = x ∗ w + b of `count` samples, with max(0, ·) where asked for.
package struct ConvolutionForward {
  package let count: Int
  /// As `imagePlane` lays them out.
  package let images: Planes<Source>
  /// Contiguous planes [P, Q, K].
  package let outputs: Planes<Target>
  package let bias: Source?
  package let clampsAtZero: Bool
  package let prepared: Source
  package let work: Target

  package init(
    count: Int, images: Planes<Source>, outputs: Planes<Target>, bias: Source?,
    clampsAtZero: Bool, prepared: Source, work: Target
  ) {
    self.count = count
    self.images = images
    self.outputs = outputs
    self.bias = bias
    self.clampsAtZero = clampsAtZero
    self.prepared = prepared
    self.work = work
  }
}

/// Gradients from those of the outputs of `count` samples.
package struct ConvolutionBackward {
  package let count: Int
  package let images: Planes<Source>
  /// As `gradientPlane` lays them out.
  package let gradients: Planes<Source>
  /// Added to. `nil` where it is not wanted.
  package let kernelGradient: Target?
  /// Overwritten; contiguous images.
  package let inputGradients: Planes<Target>?
  package let prepared: Source
  package let work: Target
  /// Whether these are the first, and the last, samples of a group, for which `work` is kept.
  package let isFirst: Bool
  package let isLast: Bool

  package init(
    count: Int, images: Planes<Source>, gradients: Planes<Source>, kernelGradient: Target?,
    inputGradients: Planes<Target>?, prepared: Source, work: Target, isFirst: Bool, isLast: Bool
  ) {
    self.count = count
    self.images = images
    self.gradients = gradients
    self.kernelGradient = kernelGradient
    self.inputGradients = inputGradients
    self.prepared = prepared
    self.work = work
    self.isFirst = isFirst
    self.isLast = isLast
  }
}

/// The memory in which an algorithm reads an image: the image itself, or a copy with zeros around it.
package struct Plane {
  package let channels: Int
  /// Zeros before the first row and column.
  package let top: Int, left: Int
  /// Points of the plane, borders and all.
  package let height: Int, width: Int
  private let imageRows: Int, imageColumns: Int

  /// - Parameters:
  ///   - rows, columns: Of the image.
  ///   - top, left: Zeros before it.
  ///   - height, width: What is read, from the first zero on.
  package init(
    rows: Int, columns: Int, channels: Int, top: Int = 0, left: Int = 0, height: Int, width: Int
  ) {
    self.channels = channels
    self.top = top
    self.left = left
    imageRows = rows
    imageColumns = columns
    let isInside = top == 0 && left == 0 && height <= rows && width <= columns
    self.height = isInside ? rows : height
    self.width = isInside ? columns : width
  }

  package var rowStep: Int { width * channels }
  package var count: Int { height * rowStep }
  /// Where the image begins.
  package var interior: Int { top * rowStep + left * channels }
  /// Whether the image itself will do.
  package var isImage: Bool { height == imageRows && width == imageColumns }
  /// Rows, and elements of each, that plane and image share.
  private var sharedRows: Int { min(imageRows, height - top) }
  private var sharedRow: Int { min(imageColumns, width - left) * channels }
  private var imageRowStep: Int { imageColumns * channels }

  /// Writes the image and the zeros around it.
  package func fill(_ plane: Target, with image: Source, _ kernels: Kernels) {
    let before = left * channels
    let after = rowStep - before - sharedRow
    plane.update(repeating: 0, count: top * rowStep)
    if before + after > 0 {
      for index in 0..<sharedRows {
        let start = plane + (top + index) * rowStep
        start.update(repeating: 0, count: before)
        (start + before + sharedRow).update(repeating: 0, count: after)
      }
    }
    kernels.elementwise.copyRows(
      image, imageRowStep, plane + interior, rowStep, sharedRows, sharedRow)
    (plane + (top + sharedRows) * rowStep).update(
      repeating: 0, count: (height - top - sharedRows) * rowStep)
  }

  /// Zeros in the first few rows and columns.
  func clearCorner(_ plane: Target, points: Int) {
    plane.update(repeating: 0, count: points * rowStep)
    for row in points..<height {
      (plane + row * rowStep).update(repeating: 0, count: points * channels)
    }
  }

  /// Copies what the plane has of the image. The rest of the image, which nothing reads, becomes
  /// zero.
  package func extract(_ image: Target, from plane: Source, _ kernels: Kernels) {
    if sharedRows < imageRows || sharedRow < imageRowStep {
      image.update(repeating: 0, count: imageRows * imageRowStep)
    }
    kernels.elementwise.copyRows(
      plane + interior, rowStep, image, imageRowStep, sharedRows, sharedRow)
  }
}
