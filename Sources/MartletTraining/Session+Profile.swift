import MartletDispatch
import MartletEngine
import MartletOps
import MartletTensors

extension Session {
  /// Batches that are timed where the data has fewer: again from the first one, but not for longer
  /// than `longestRepetition` nanoseconds.
  private static let leastBatchCount = 10
  private static let longestRepetition = 1_000_000_000

  /// Times training steps where there are targets, predictions where there are none. One batch runs
  /// before the clock starts; a last one that is smaller than the others is left out. Weights and
  /// optimizer are afterwards what they were before.
  package func profile(
    _ data: TrainingData, _ options: PassOptions
  ) throws(MartletError) -> Profile {
    try exclusively { () throws(MartletError) in
      data.y.isEmpty ? try profilePrediction(data, options) : try profileTraining(data, options)
    }
  }

  private func profilePrediction(
    _ data: TrainingData, _ options: PassOptions
  ) throws(MartletError) -> Profile {
    let program = try lower(for: data.x).program
    let capacity = min(options.batchSize, data.sampleCount)
    var names = StageClock.Names()
    (names.inputs, names.outputs) = (model.inputNames, model.outputNames)
    let clock = StageClock(names)
    let plan = try Plan(
      program, capacity: capacity, isTraining: false, clock: clock,
      precision: MatmulPrecision.current.products)
    var outputs: [Buffer] = []
    for output in program.outputs {
      outputs.append(try Buffer(floatCount: data.sampleCount * program.shapes[output].count))
    }
    let feed = Feed()
    feed.inputs = data.x
    feed.predictions = outputs.map(\.floats)
    let step = UInt64(compiled?.optimizer.iterations ?? 0)
    let profile = try time(clock, plan, feed, data.sampleCount, options, isTraining: false) {
      () throws(MartletError) in
      try plan.run(feed, count: capacity, step: step)
    }
    withExtendedLifetime(outputs) {}
    return profile
  }

  private func profileTraining(
    _ data: TrainingData, _ options: PassOptions
  ) throws(MartletError) -> Profile {
    let compiled = try requireCompiled("profiling training", for: data)
    let capacity = capacity(data, options)
    let optimizer = compiled.optimizer
    var names = StageClock.Names()
    (names.inputs, names.outputs) = (model.inputNames, model.outputNames)
    names.losses = compiled.heads.map(\.loss.kerasName)
    names.optimizer = type(of: optimizer.rule).className
    names.slotCount = optimizer.slotCount
    let clock = StageClock(names)
    let plan = try Plan(
      compiled.program, capacity: capacity, isTraining: true, heads: compiled.heads,
      computesGradients: true, clock: clock, precision: MatmulPrecision.current.products)
    try optimizer.prepare(plan.trainedVariables)
    let snapshot = try Snapshot(compiled.program.variables, optimizer)
    defer { snapshot.restore() }
    let update = try UpdateStep(optimizer, plan.trainedVariables)
    let feed = data.feed(outputCount: compiled.heads.count)
    return try time(clock, plan, feed, data.sampleCount, options, isTraining: true) {
      () throws(MartletError) in
      try plan.run(feed, count: capacity, step: UInt64(optimizer.iterations))
      try update.run(plan, feed, count: capacity)
    }
  }

  /// Runs one batch to warm up, then the batches to be timed.
  private func time(
    _ clock: StageClock, _ plan: Plan, _ feed: Feed, _ sampleCount: Int, _ options: PassOptions,
    isTraining: Bool, _ runBatch: () throws(MartletError) -> Void
  ) throws(MartletError) -> Profile {
    let batchCount = sampleCount / plan.capacity
    let most = max(batchCount, Session.leastBatchCount)
    var times: [(elapsed: Int, rows: [Int])] = []
    var total = 0
    try FloatingPointMode.flushingDenormals(runBatch)
    _ = clock.takeTimes()
    while times.count < batchCount || (times.count < most && total < Session.longestRepetition) {
      feed.first = times.count % batchCount * plan.capacity
      let elapsed = try StageClock.nanoseconds { () throws(MartletError) in
        try FloatingPointMode.flushingDenormals(runBatch)
      }
      times.append((elapsed, clock.takeTimes()))
      total += elapsed
      if options.progress?(times.count, most, []) == true {
        throw Session.stopped(times.count, most)
      }
    }
    return Profile(isTraining: isTraining, batchSize: plan.capacity, rows: clock.rows, times: times)
  }
}
