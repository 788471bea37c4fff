import MartletDispatch
import MartletGraph
import MartletKernelTable
import MartletOps
import MartletTensors

/// Samples and what should come out for them: views of the caller's arrays.
package struct TrainingData {
  package var x: [ArrayView] = []
  package var y: [ArrayView] = []
  /// None, one for all outputs, or one per output.
  package var sampleWeights: [ArrayView] = []
  package var classWeights: [Int: Double] = [:]

  package init() {}

  package var sampleCount: Int { x.first?.sampleCount ?? 0 }

  /// Says what the samples of a class count.
  ///
  /// - Throws: `invalidArgument` for a weight that is not finite in single precision.
  package mutating func weigh(_ label: Int, _ weight: Double) throws(MartletError) {
    guard Float(weight).isFinite else {
      throw .invalidArgument("class_weight of class \(label) is \(weight): not a finite number")
    }
    classWeights[label] = weight
  }

  func feed(outputCount: Int) -> Feed {
    let feed = Feed()
    feed.inputs = x
    feed.targets = y
    feed.sampleWeights = (0..<outputCount).map {
      sampleWeights.isEmpty ? nil : sampleWeights[min($0, sampleWeights.count - 1)]
    }
    feed.classWeights = classWeights.mapValues { Float($0) }
    return feed
  }
}

/// Finds what does not fit before a single weight changes. Shapes are looked at on every call,
/// values once, in `checkValues`.
struct DataCheck {
  let model: Model
  let program: Program
  let heads: [LossHead]

  // MARK: Shapes

  /// The shape that one sample of each input has in the model.
  ///
  /// - Throws: `invalidArgument` for arrays that do not fit its inputs.
  static func inputShapes(_ x: [ArrayView], of model: Model) throws(MartletError) -> [Shape] {
    let expectations = model.inputShapes
    guard x.count == expectations.count else {
      let names = model.inputNames
      throw .invalidArgument(
        "the model has \(names.count) input\(names.count == 1 ? "" : "s") "
          + "(\(names.joined(separator: ", "))), got \(x.count) array\(x.count == 1 ? "" : "s")")
    }
    var shapes: [Shape] = []
    for (view, (index, expected)) in zip(x, expectations.enumerated()) {
      let argument = x.count == 1 ? "x" : "x[\(index)]"
      guard let shape = expected.fitted(to: view.sampleExtents) else {
        throw .invalidArgument(
          "\(argument) has shape \(Shape.text(view.extents)), but input "
            + "'\(model.inputNames[index])' expects \(expected.batchDescription)"
            + DataCheck.inputHint(view.extents, expected))
      }
      guard view.sampleCount > 0 else {
        throw .invalidArgument("\(argument) is empty: its shape is \(Shape.text(view.extents))")
      }
      guard view.sampleCount == x[0].sampleCount else {
        throw .invalidArgument(
          "all inputs need equally many samples: x[0] has \(x[0].sampleCount), "
            + "\(argument) has \(view.sampleCount)")
      }
      shapes.append(shape)
    }
    return shapes
  }

  /// Equal, or different by one trailing axis of 1, which Keras adds and drops silently.
  static func agree(_ found: ArraySlice<Int>, _ expected: ArraySlice<Int>) -> Bool {
    switch found.count - expected.count {
    case 0: found == expected
    case 1: found.last == 1 && found.dropLast() == expected
    case -1: expected.last == 1 && found == expected.dropLast()
    default: false
    }
  }

  private static func inputHint(_ found: [Int], _ expected: OpenShape) -> String {
    if expected.fitted(to: found) != nil {
      return "; the first axis counts samples: for one sample use x[None]"
    }
    if found.count == 4, expected.rank == 3,
      expected.fitted(to: [found[2], found[3], found[1]]) != nil
    {
      return "; images are channels last: move axis 1 to the end"
    }
    if !expected.isOpen, found.dropFirst().reduce(1, { $0 &* $1 }) == expected.small.count {
      return "; reshape it: the number of elements fits"
    }
    return ""
  }

  /// Targets and weights, beside inputs that fit.
  func check(_ data: TrainingData) throws(MartletError) {
    let count = data.sampleCount
    guard data.y.count == heads.count else {
      throw .invalidArgument(
        "the model has \(heads.count) output\(heads.count == 1 ? "" : "s") "
          + "(\(model.outputNames.joined(separator: ", "))), got \(data.y.count) target "
          + "array\(data.y.count == 1 ? "" : "s")")
    }
    for (head, view) in zip(heads, data.y) {
      let argument = data.y.count == 1 ? "y" : "y[\(head.output)]"
      guard view.sampleCount == count else {
        throw .invalidArgument(
          "x has \(count) samples, \(argument) has \(view.sampleCount): "
            + "every sample needs its target")
      }
      try checkTargetShape(view, head, argument)
    }
    guard [0, 1, heads.count].contains(data.sampleWeights.count) else {
      throw .invalidArgument(
        "sample_weight: expected one array, or one for each of \(heads.count) outputs, "
          + "got \(data.sampleWeights.count)")
    }
    for weights in data.sampleWeights {
      guard weights.sampleExtents.allSatisfy({ $0 == 1 }), weights.sampleCount == count else {
        throw .invalidArgument(
          "sample_weight: expected shape (\(count),), one weight per sample, "
            + "got \(Shape.text(weights.extents))")
      }
    }
  }

  private func checkTargetShape(
    _ view: ArrayView, _ head: LossHead, _ argument: String
  ) throws(MartletError) {
    if head.loss.function == .given {
      try checkTargetShape(view, ofOutput: head.output, head.loss.kerasName, argument)
      return
    }
    let shape = program.shapes[head.lossInput]
    let labelExtents = shape.extents.dropLast()
    let areLabels = DataCheck.agree(view.sampleExtents, labelExtents)
    let areValues = DataCheck.agree(view.sampleExtents, shape.extents[...])
    var layer: String { model.outputNames[head.output] }
    let name = head.loss.kerasName
    if head.loss.function.takesLabels {
      if !areLabels {
        throw .invalidArgument(
          "\(argument) has shape \(Shape.text(view.extents)), but loss '\(name)' of layer "
            + "'\(layer)' expects class numbers of shape "
            + Shape.text([view.sampleCount] + labelExtents)
            + (areValues
              ? "; \(argument) looks one-hot: use loss 'categorical_crossentropy'" : ""))
      }
    } else if !areValues {
      var hint = ""
      if areLabels, head.loss.function.isOverClasses {
        hint =
          "; \(argument) looks like class numbers: "
          + (name == "categorical_crossentropy"
            ? "use loss 'sparse_categorical_crossentropy', or " : "use ")
          + "utils.to_categorical(y, \(shape.last ?? 1))"
      }
      throw .invalidArgument(
        "\(argument) has shape \(Shape.text(view.extents)), but loss '\(name)' of layer "
          + "'\(layer)' expects " + Shape.text([view.sampleCount] + shape.extents) + hint)
    }
  }

  /// Of a loss that is put together of operations.
  private func checkTargetShape(
    _ view: ArrayView, ofOutput output: Int, _ name: String, _ argument: String
  ) throws(MartletError) {
    for target in program.targets where target.output == output {
      let expected = program.shapes[target.value]
      guard DataCheck.agree(view.sampleExtents, expected.extents[...]) else {
        throw .invalidArgument(
          "\(argument) has shape \(Shape.text(view.extents)), but loss '\(name)' of layer "
            + "'\(model.outputNames[output])' was put together for \(expected.batchDescription)")
      }
    }
  }

  // MARK: Values

  /// Looks at every label and every floating-point number once.
  func checkValues(_ data: TrainingData) throws(MartletError) {
    let scratchCount = (data.x + data.y).map { $0.sampleExtents.reduce(1, *) }.max() ?? 1
    let scratch = try Buffer(floatCount: scratchCount)
    for (index, view) in data.x.enumerated() {
      try checkFinite(view, data.x.count == 1 ? "x" : "x[\(index)]", scratch)
    }
    for (head, view) in zip(heads, data.y) {
      let argument = data.y.count == 1 ? "y" : "y[\(head.output)]"
      let needsLabels = head.metrics.contains { $0.function.targets == .labels }
      if head.loss.function.takesLabels || (head.targets == .labels && needsLabels) {
        try checkLabels(view, head, argument)
      } else {
        try checkFinite(view, argument, scratch)
      }
    }
    for view in data.sampleWeights { try checkFinite(view, "sample_weight", scratch) }
  }

  private func checkFinite(
    _ view: ArrayView, _ argument: String, _ scratch: Buffer
  ) throws(MartletError) {
    guard [.float32, .float64, .float16].contains(view.elementType) else { return }
    let kernels = KernelSelection.current.kernels
    let count = view.sampleExtents.reduce(1, *)
    for sample in 0..<view.sampleCount {
      view.gather(sample, into: scratch.floats, with: kernels.conversion)
      guard !kernels.reduction.isFinite(UnsafePointer(scratch.floats), count) else { continue }
      throw MartletError(
        .notFinite,
        "\(argument) holds NaN, infinity or a number beyond single precision, first in "
          + "sample \(sample); clean the data, for instance with numpy.nan_to_num")
    }
  }

  /// A label as users write it.
  static func text(ofLabel label: Double) -> String {
    label == label.rounded() && label.magnitude < 1e15 ? String(Int(label)) : String(label)
  }

  private func checkLabels(
    _ view: ArrayView, _ head: LossHead, _ argument: String
  ) throws(MartletError) {
    let classes = program.shapes[program.outputs[head.output]].last ?? 1
    let layer = model.outputNames[head.output]
    let rows = view.sampleExtents.reduce(1, *)
    for sample in 0..<view.sampleCount {
      for row in 0..<rows {
        let label = view.double(sample: sample, element: row)
        if label >= 0, label < Double(classes), label == label.rounded() { continue }
        if let ignored = head.loss.ignoredClass, label == Double(ignored) { continue }
        let text = DataCheck.text(ofLabel: label)
        let cure: String
        if label >= Double(classes), label == label.rounded(), label < 1e15 {
          cure =
            "use at least \(text == String(classes) ? String(classes + 1) : "\(Int(label) + 1)")"
            + " units, or number the classes from 0"
        } else {
          cure = "classes are numbered 0 to \(classes - 1)"
        }
        throw .invalidArgument(
          "\(argument) holds label \(text) (index \(sample)), but layer '\(layer)' has \(classes) "
            + "outputs; \(cure)")
      }
    }
  }
}
