import MartletDispatch
import MartletEngine
import MartletOps
import MartletTensors

extension Session {
  /// Gradients of Σ factor · output, over all elements of all outputs, with respect to the inputs.
  /// Layers compute as in prediction; nothing of the model changes.
  ///
  /// - Parameters:
  ///   - factors: One array per output, of its shape.
  ///   - ofScores: Takes what a final softmax or sigmoid is given instead of what it makes of it.
  ///   - gradients: One place per input of the model, for all samples.
  package func inputGradients(
    _ x: [ArrayView], factors: [ArrayView], ofScores: Bool, _ options: PassOptions,
    into gradients: [UnsafeMutablePointer<Float>]
  ) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      var program = try lower(for: x).program.outsideTraining
      if ofScores { program.outputs = program.outputs.map { program.score(of: $0) } }
      let count = x[0].sampleCount
      try check(factors, program, count)
      guard gradients.count == x.count else {
        throw .invalidArgument(
          "the model has \(x.count) inputs, got \(gradients.count) places for their gradients")
      }
      let capacity = min(options.batchSize, count)
      let plan = try Plan(
        program, capacity: capacity, isTraining: true, givesInputGradients: true,
        precision: MatmulPrecision.current.products)
      let feed = Feed()
      feed.inputs = x
      feed.outputGradients = factors
      feed.inputGradients = gradients
      let total = (count + capacity - 1) / capacity
      for batch in 0..<total {
        feed.first = batch * capacity
        try FloatingPointMode.flushingDenormals { () throws(MartletError) in
          try plan.run(feed, count: min(capacity, count - feed.first), step: 0)
        }
        if options.progress?(batch + 1, total, []) == true {
          throw Session.stopped(batch + 1, total)
        }
      }
    }
  }

  private func check(
    _ factors: [ArrayView], _ program: Program, _ count: Int
  ) throws(MartletError) {
    guard factors.count == program.outputs.count else {
      throw .invalidArgument(
        "the model has \(program.outputs.count) outputs, got \(factors.count) arrays of factors")
    }
    for (index, (view, output)) in zip(factors, program.outputs).enumerated() {
      let expected = [count] + program.shapes[output].extents
      guard view.extents == expected else {
        throw .invalidArgument(
          "factors[\(index)] has shape \(Shape.text(view.extents)), but output "
            + "'\(model.outputNames[index])' of \(count) samples has \(Shape.text(expected))")
      }
    }
  }
}

extension Program {
  /// What a softmax or sigmoid at the end was given; the output itself where there is none.
  fileprivate func score(of output: ValueID) -> ValueID {
    guard let maker = instructions.first(where: { $0.output == output }) else { return output }
    let isEnd =
      maker.operation is SoftmaxOp
      || (maker.operation as? ActivationOp)?.activation == .sigmoid
    return isEnd ? maker.inputs[0] : output
  }
}
