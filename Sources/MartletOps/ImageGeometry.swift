import MartletKernelTable
import MartletKernels
import MartletTensors

/// A part of an image, or a frame around it, brought to another size: x `[H, W, C]`, y `[P, Q, C]`.
///
/// Points are squares and their centres are what is looked up: point p of P takes what stands at
/// (p + ½) · H / P − ½. No averaging over what falls between when an image becomes smaller, as in
/// Keras's default.
package struct ResizeOp: Operation {
  /// The part of the input that is used, in points. Along each axis it lies within the image or goes
  /// beyond both of its ends; what is beyond has the fill value.
  package struct Part: Equatable, Sendable {
    package var top: Int, left: Int, height: Int, width: Int

    package init(top: Int, left: Int, height: Int, width: Int) {
      self.top = top
      self.left = left
      self.height = height
      self.width = width
    }
  }

  package let part: Part
  package let height: Int
  package let width: Int
  package let isBilinear: Bool
  package let fillValue: Float

  package init(part: Part, height: Int, width: Int, isBilinear: Bool, fillValue: Float = 0) {
    self.part = part
    self.height = height
    self.width = width
    self.isBilinear = isBilinear
    self.fillValue = fillValue
  }

  package var label: String { "resizing" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyImage(inputs, of: label)
    guard
      Line(part.top, part.height, of: input[0]) != nil,
      Line(part.left, part.width, of: input[1]) != nil
    else {
      throw .invalidArgument(
        "a part of \(part.height) by \(part.width) points from (\(part.top), \(part.left)) lies "
          + "neither within an image of shape \(input) nor around it")
    }
    return try Shape([height, width, input[2]])
  }

  /// An axis of the part.
  private struct Line {
    /// The points of the image that belong to it.
    let first: Int, count: Int
    /// Points beyond the image, at either end.
    let margin: Int

    /// - Returns: `nil` for a part that is neither within the image nor around it.
    init?(_ start: Int, _ size: Int, of image: Int) {
      let end = start + size
      guard (start >= 0 && end <= image) || (start < 0 && end > image) else { return nil }
      first = max(start, 0)
      count = min(end, image) - first
      margin = max(-start, 0)
    }
  }

  /// For the points of the image that belong to the part, which start at `offset`.
  func map(_ input: Shape) -> ImagePoints {
    guard
      let rows = Line(part.top, part.height, of: input[0]),
      let columns = Line(part.left, part.width, of: input[1])
    else { preconditionFailure("the shape rule has refused this part") }
    let (rowStart, rowPerRow) = places(part.height, height)
    let (columnStart, columnPerColumn) = places(part.width, width)
    var resampling = Resampling(
      height: rows.count, width: columns.count, channels: input[2], rowStep: input[1] * input[2],
      outputHeight: height, outputWidth: width, rowStart: rowStart - Double(rows.margin),
      rowPerRow: rowPerRow, rowPerColumn: 0, columnStart: columnStart - Double(columns.margin),
      columnPerRow: 0, columnPerColumn: columnPerColumn, isBilinear: isBilinear, fill: .nearest,
      fillValue: fillValue)
    if rows.margin > 0 { resampling.rowFill = .constant }
    if columns.margin > 0 { resampling.columnFill = .constant }
    return (resampling, (rows.first * input[1] + columns.first) * input[2])
  }

  private func places(_ size: Int, _ output: Int) -> (start: Double, step: Double) {
    let step = Double(size) / Double(output)
    // Halfway between two points the nearest is the second one. Positions are multiples of one half
    // of 1 / output, so what helps those that were rounded down reaches no other.
    return (0.5 * step - 0.5 + (isBilinear ? 0 : 1e-9), step)
  }

  package func forward(_ site: Site) -> [Stage] {
    let points = map(site.setting.inputShapes[0])
    return site.resampling { _, _ in points }
  }

  package func backward(_ site: Site) -> [Stage] {
    let points = map(site.setting.inputShapes[0])
    return site.resamplingBackward { _, _ in points }
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let (map, offset) = map(setting.inputShapes[0])
    return inputs[0].samples(setting).flatMap { PlainImage.resample(Array($0[offset...]), map) }
  }
}

/// A random motion of each image of a batch: flips, rotations, zooms and translations. Outside
/// training the identity.
///
/// What an image draws depends on seed, optimizer step and its position in the batch alone, so the
/// backward pass works it out again, as that of dropout does.
package struct RandomMotionOp: Operation {
  package enum Motion: Sendable {
    /// Along all axes named or along none, with equal chances.
    case flip(horizontal: Bool, vertical: Bool)
    /// Counter-clockwise, in turns.
    case rotation(ClosedRange<Double>)
    /// How much larger the part of the scene that shows becomes: 0.2 shows 1.2 times as much. One
    /// number for both axes where `width` is `nil`.
    case zoom(height: ClosedRange<Double>, width: ClosedRange<Double>?)
    /// Down and to the right, as parts of the image's height and width.
    case translation(height: ClosedRange<Double>, width: ClosedRange<Double>)
  }

  package let motion: Motion
  package let isBilinear: Bool
  package let fill: ImageFill
  package let fillValue: Float
  package let seed: RandomKey

  package init(
    _ motion: Motion, isBilinear: Bool = false, fill: ImageFill = .reflect, fillValue: Float = 0,
    seed: RandomKey
  ) {
    self.motion = motion
    self.isBilinear = isBilinear
    self.fill = fill
    self.fillValue = fillValue
    self.seed = seed
  }

  package var label: String {
    switch motion {
    case .flip: "random flip"
    case .rotation: "random rotation"
    case .zoom: "random zoom"
    case .translation: "random translation"
    }
  }

  package func isIdentity(isTraining: Bool) -> Bool { !isTraining }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try onlyImage(inputs, of: label)
  }

  /// - Parameter numbers: Two, uniform in [0, 1).
  private func map(_ numbers: UnsafePointer<Float>, _ image: Shape) -> Resampling {
    let (height, width) = (Double(image[0]), Double(image[1]))
    var map = Resampling(
      height: image[0], width: image[1], channels: image[2], rowStep: image[1] * image[2],
      outputHeight: image[0], outputWidth: image[1], rowStart: 0, rowPerRow: 1, rowPerColumn: 0,
      columnStart: 0, columnPerRow: 0, columnPerColumn: 1, isBilinear: isBilinear, fill: fill,
      fillValue: fillValue)
    let first = Double(numbers[0])
    let second = Double(numbers[1])
    switch motion {
    case .flip(let horizontal, let vertical):
      guard first <= 0.5 else { break }
      if vertical { (map.rowStart, map.rowPerRow) = (height - 1, -1) }
      if horizontal { (map.columnStart, map.columnPerColumn) = (width - 1, -1) }
    case .rotation(let turns):
      let (sine, cosine) = sineAndCosine(turns: turns.value(at: first))
      let (row, column) = ((height - 1) / 2, (width - 1) / 2)
      (map.rowPerRow, map.rowPerColumn) = (cosine, sine)
      (map.columnPerRow, map.columnPerColumn) = (-sine, cosine)
      map.rowStart = row - column * sine - row * cosine
      map.columnStart = column - column * cosine + row * sine
    case .zoom(let heights, let widths):
      map.rowPerRow = 1 + heights.value(at: first)
      map.columnPerColumn = widths.map { 1 + $0.value(at: second) } ?? map.rowPerRow
      map.rowStart = (height - 1) / 2 * (1 - map.rowPerRow)
      map.columnStart = (width - 1) / 2 * (1 - map.columnPerColumn)
    case .translation(let heights, let widths):
      map.rowStart = -heights.value(at: first) * height
      map.columnStart = -widths.value(at: second) * width
    }
    return map
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.scratchCount = 2
    return needs
  }

  private func points(_ sample: Int, _ site: Site, _ task: borrowing Task) -> ImagePoints {
    site.kernels.random.uniform(
      seed.value, randomStream(task.step, site.index), sample * 2, task.scratch, 2)
    return (map(task.scratch, site.setting.outputShape), 0)
  }

  package func forward(_ site: Site) -> [Stage] {
    site.resampling { sample, task in points(sample, site, task) }
  }

  package func backward(_ site: Site) -> [Stage] {
    site.resamplingBackward { sample, task in points(sample, site, task) }
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let numbers: [Float] = PlainRandom.uniform(
      key: seed.value, stream: randomStream(setting.step, setting.index), first: 0,
      count: 2 * setting.batch)
    return inputs[0].samples(setting).enumerated().flatMap { sample, x in
      let drawn = Array(numbers[(2 * sample)..<(2 * sample + 2)])
      return PlainImage.resample(x, map(drawn, setting.outputShape))
    }
  }
}

/// Where the points of an image come from: from elements of another one, that begin at `offset`.
typealias ImagePoints = (resampling: Resampling, offset: Int)

extension Site {
  /// The forward pass of an operation that takes each point of an image from elsewhere in it.
  func resampling(
    _ points: @escaping (_ sample: Int, borrowing Task) -> ImagePoints
  ) -> [Stage] {
    let resample = kernels.image.resample
    let (x, y) = (inputs[0], output)
    return [
      .samples { sample, task in
        let (map, offset) = points(sample, task)
        resample(Source(x.floats(sample, task) + offset), y.floats(sample, task), map)
      }
    ]
  }

  /// Its backward pass.
  func resamplingBackward(
    _ points: @escaping (_ sample: Int, borrowing Task) -> ImagePoints
  ) -> [Stage] {
    guard let dOutput, let dInput = dInputs[0] else { return [] }
    let resampleBackward = kernels.image.resampleBackward
    let inputCount = setting.inputShapes[0].count
    return [
      .samples { sample, task in
        let (map, offset) = points(sample, task)
        let dx = dInput.floats(sample, task)
        dx.update(repeating: 0, count: inputCount)
        resampleBackward(Source(dOutput.floats(sample, task)), dx + offset, map)
      }
    ]
  }
}

extension ClosedRange<Double> {
  /// The number at a fraction of the way from the lower bound to the upper one.
  func value(at fraction: Double) -> Double {
    lowerBound + (upperBound - lowerBound) * fraction
  }
}

/// The one input of an operation on images.
func onlyImage(_ inputs: [Shape], of label: String) throws(MartletError) -> Shape {
  let input = try onlyInput(inputs, of: label)
  guard input.rank == 3 else {
    throw .invalidArgument("\(label) expects an image (height, width, channels), got \(input)")
  }
  return input
}
