import MartletEngine
import MartletGraph
import MartletKernelTable
import MartletTensors
import MartletTestSupport
import MartletTraining
import Testing

@Suite(.serialized) struct OptimizerTests {
  /// Two dense layers, the first with more weights than four tasks of the optimizer take.
  private func session(_ optimizer: String) throws -> Session {
    RandomSeeds.shared.set(3)
    return try makeSession(
      input: [250],
      [("Dense", #"{"units": 70, "activation": "tanh"}"#), ("Dense", #"{"units": 3}"#)],
      compile: "{\"optimizer\": \(optimizer), \"losses\": [\"mse\"]}")
  }

  private func data(_ count: Int = 40) throws -> (x: TestArray, y: TestArray) {
    var numbers = SeededGenerator(seed: 8)
    return (
      try TestArray(numbers.floats(count * 250), [count, 250]),
      try TestArray(numbers.floats(count * 3), [count, 3])
    )
  }

  /// Weights after an epoch of batches of 8.
  private func trained(_ optimizer: String, epochs: Int = 1) throws -> [[Float]] {
    let session = try session(optimizer)
    let (x, y) = try data()
    var options = PassOptions()
    options.batchSize = 8
    for _ in 0..<epochs { _ = try session.train(trainingData(x, y), options) }
    return weights(session)
  }

  private static let common =
    #""weight_decay": 0.01, "use_ema": true, "ema_momentum": 0.5, "ema_overwrite_frequency": 2"#

  @Test(arguments: [
    "{\"class_name\": \"Nadam\", \"config\": {\"global_clipnorm\": 0.1, \(common)}}",
    "{\"class_name\": \"Ftrl\", \"config\": {\"clipnorm\": 0.1, \(common)}}",
    "{\"class_name\": \"Lion\", \"config\": {\"clipvalue\": 0.001, \(common)}}",
  ])
  func sameBitsForEveryThreadCount(_ optimizer: String) throws {
    defer { ThreadPool.setThreadCount(0) }
    ThreadPool.setThreadCount(1)
    let alone = try trained(optimizer, epochs: 2)
    #expect(areFinite(alone))
    for threads in [2, 3, 5] {
      ThreadPool.setThreadCount(threads)
      #expect(try trained(optimizer, epochs: 2) == alone, "\(threads) threads")
    }
  }

  // MARK: Clipping

  /// What one step of gradient descent with a rate of 1 does to each weight.
  private func step(_ clipping: String) throws -> [[Double]] {
    let session = try session(
      "{\"class_name\": \"SGD\", \"config\": {\"learning_rate\": 1\(clipping)}}")
    let (x, y) = try data()
    let before = weights(session)
    var options = PassOptions()
    options.batchSize = 40
    _ = try session.train(trainingData(x, y), options)
    return zip(weights(session), before).map { zip($0, $1).map { Double($0) - Double($1) } }
  }

  private func square(_ gradient: [Double]) -> Double { gradient.reduce(0) { $0 + $1 * $1 } }

  private func expectParallel(_ found: [Double], _ gradient: [Double], _ factor: Double) {
    // Differences of weights of order 0.1.
    expectClose(found.map { Float($0) }, gradient.map { $0 * factor }, absolute: 2 * ulp)
  }

  @Test func gradientsAreScaledToTheirNorms() throws {
    let free = try step("")
    let lengths = free.map { square($0).squareRoot() }
    // Between the shortest and the longest: some are clipped, some are not.
    let bound = (lengths.min()! * lengths.max()!).squareRoot()
    let clipped = try step(", \"clipnorm\": \(bound)")
    for (index, gradient) in clipped.enumerated() {
      expectParallel(gradient, free[index], min(1, bound / lengths[index]))
    }
    #expect(clipped != free)

    let whole = lengths.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for (gradient, plain) in zip(try step(", \"global_clipnorm\": \(whole / 4)"), free) {
      expectParallel(gradient, plain, 0.25)
    }
    #expect(try step(", \"global_clipnorm\": \(whole * 2)") == free)
    #expect(try step(", \"clipnorm\": 0") == free)
  }

  @Test func elementsAreClipped() throws {
    let free = try step("")
    let clipped = try step(", \"clipvalue\": 0.001")
    for (gradient, plain) in zip(clipped, free) {
      expectClose(
        gradient.map { Float($0) }, plain.map { min(max($0, -0.001), 0.001) }, absolute: ulp)
    }
  }

  // MARK: Schedules

  @Test(arguments: [
    (
      #""ExponentialDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}"#,
      [0, 5, 10], [0.1, 0.0707107, 0.05]
    ),
    (
      #""ExponentialDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": true}"#,
      [9, 10, 19, 20], [0.1, 0.05, 0.05, 0.025]
    ),
    (
      #""CosineDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10, "alpha": 0.2}"#,
      [0, 5, 10, 99], [0.1, 0.06, 0.02, 0.02]
    ),
    (
      #""CosineDecay", "config": {"initial_learning_rate": 0, "decay_steps": 10, "warmup_target": 0.1, "warmup_steps": 4}"#,
      [2, 4, 9, 14], [0.05, 0.1, 0.05, 0]
    ),
    (
      #""PolynomialDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10}"#,
      [0, 5, 10, 11], [0.1, 0.05005, 0.0001, 0.0001]
    ),
    (
      #""PolynomialDecay", "config": {"initial_learning_rate": 1, "decay_steps": 10, "end_learning_rate": 0, "power": 2, "cycle": true}"#,
      [0, 5, 10, 15, 20], [1, 0.25, 0, 0.0625, 0]
    ),
    (
      #""PiecewiseConstantDecay", "config": {"boundaries": [2, 4], "values": [1, 0.5, 0.1]}"#,
      [2, 3, 4, 5], [1, 0.5, 0.5, 0.1]
    ),
    (
      #""InverseTimeDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}"#,
      [0, 10], [0.1, 0.0666667]
    ),
    (
      #""CosineDecayRestarts", "config": {"initial_learning_rate": 0.1, "first_decay_steps": 4}"#,
      [0, 2, 4, 8, 12], [0.1, 0.05, 0.1, 0.05, 0.1]
    ),
    // Three times as long each time: restarts at 1, 4, 13, 40, 121, 364, 1093.
    (
      #""CosineDecayRestarts", "config": {"initial_learning_rate": 1, "first_decay_steps": 1, "t_mul": 3, "m_mul": 0.5}"#,
      [0, 1, 4, 13, 40, 121, 364, 1093],
      [1, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125]
    ),
    (
      #""CosineDecayRestarts", "config": {"initial_learning_rate": 1, "first_decay_steps": 4, "t_mul": 1}"#,
      [0, 4, 6, 400], [1, 1, 0.5, 1]
    ),
  ])
  func schedulesOfKeras(_ description: String, _ steps: [Double], _ rates: [Double]) throws {
    let schedule = try LearningRateSchedules.make(
      .object(object("{\"class_name\": \(description)}")))
    for (step, rate) in zip(steps, rates) {
      #expect(abs(schedule.rate(at: step) - rate) < 1e-7, "step \(step)")
    }
  }

  @Test(arguments: [
    (
      #"{"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 1, "decay_steps": 0, "decay_rate": 1}}"#,
      "ExponentialDecay: invalid value for argument 'decay_steps': expected a number above 0, "
        + "received 0"
    ),
    (
      #"{"class_name": "CosineDecay", "config": {"decay_steps": 4}}"#,
      "CosineDecay: missing the required argument 'initial_learning_rate'"
    ),
    (
      #"{"class_name": "CosineDecay", "config": {"initial_learning_rate": 1, "decay_steps": 4, "alfa": 1}}"#,
      "CosineDecay: unknown argument 'alfa'; did you mean 'alpha'?"
    ),
    (
      #"{"class_name": "PiecewiseConstantDecay", "config": {"boundaries": [1], "values": [1]}}"#,
      "PiecewiseConstantDecay: 'values' must have one entry more than 'boundaries', received 1 "
        + "values and 1 boundaries"
    ),
    (
      #"{"class_name": "PiecewiseConstantDecay", "config": {"boundaries": ["a"], "values": [1]}}"#,
      "PiecewiseConstantDecay: argument 'boundaries' must be a list of numbers, received [\"a\"]"
    ),
    (
      #"{"class_name": "CosineDecayRestarts", "config": {"initial_learning_rate": 1, "first_decay_steps": 4, "t_mul": 0.5}}"#,
      "CosineDecayRestarts: invalid value for argument 't_mul': expected a number of at least 1.0, "
        + "received 0.5"
    ),
  ])
  func wrongSchedules(_ description: String, _ expected: String) throws {
    #expect(
      message { _ = try LearningRateSchedules.make(.object(object(description))) } == expected)
  }

  @Test func trainingFollowsASchedule() throws {
    let halving =
      #"{"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 1, "decay_rate": 0.5}}"#
    let session = try makeSession(
      input: [1], [("Dense", #"{"units": 1, "use_bias": false, "kernel_initializer": "zeros"}"#)],
      compile:
        "{\"optimizer\": {\"class_name\": \"SGD\", \"config\": {\"learning_rate\": \(halving)}}, "
        + "\"losses\": [\"mse\"]}")
    #expect(session.optimizerWeights.map(\.name) == ["iteration"])
    let gradient = try TestArray([-1], [1, 1])
    for (step, total) in [0.5, 0.75, 0.875].enumerated() {
      #expect(try session.optimizerValue("learning_rate") == 0.5 / Double(1 << step))
      try session.applyGradients([gradient.view])
      #expect(weights(session) == [[Float(total)]])
    }
    #expect(
      message { try session.setOptimizerValue("learning_rate", 1) }
        == "learning_rate: the optimizer follows a schedule, so its rate cannot be set")
    try session.setOptimizerValue("iterations", 0)
    #expect(try session.optimizerValue("learning_rate") == 0.5)
  }

  @Test func aFunctionThatFailsChangesNothing() throws {
    let session = try session("\"Nadam\"")
    var asked: [Int] = []
    try session.setLearningRate { steps in
      asked.append(steps)
      return steps < 2 ? 0.1 : steps == 2 ? nil : .nan
    }
    let (x, y) = try data()
    var options = PassOptions()
    options.batchSize = 8
    #expect(
      message { _ = try session.train(trainingData(x, y), options) }
        == "the learning rate's function failed at step 2")
    #expect(asked == [0, 1, 2])
    let before = weights(session)
    try session.setOptimizerValue("iterations", 3)
    #expect(
      message { _ = try session.train(trainingData(x, y), options) }
        == "the learning rate's function gave nan at step 3, expected a finite number")
    #expect(weights(session) == before)
    #expect(try session.optimizerValue("iterations") == 3)
  }

  // MARK: State

  /// Going back to the start of an epoch takes all that a rule remembers along.
  @Test func restoringKeepsWhatTheRuleRemembers() throws {
    let session = try session(
      #"{"class_name": "Nadam", "config": {"use_ema": true}}"#)
    func state() throws -> [[Float]] {
      try session.optimizerWeights.indices.map { index in
        let values = try Buffer(floatCount: session.optimizerWeights[index].shape.count)
        let count = session.optimizerWeights[index].shape.count
        try session.getOptimizerWeight(index, into: values.floats, count: count)
        return (0..<count).map { values.floats[$0] }
      }
    }
    let (x, y) = try data()
    var options = PassOptions()
    options.batchSize = 8
    options.nonFinitePolicy = .restore
    _ = try session.train(trainingData(x, y), options)
    let before = try state()
    x.memory.floats[250 * 39] = .nan
    #expect(message { _ = try session.train(trainingData(x, y), options) } != nil)
    #expect(try state() == before)
    #expect(session.optimizerWeights.last?.name == "u_product")
    #expect(before.last! != [1])
  }

  @Test func averagesTakeTheWeightsPlaceInTheEnd() throws {
    let session = try makeSession(
      input: [1], [("Dense", #"{"units": 1, "use_bias": false, "kernel_initializer": "zeros"}"#)],
      compile:
        #"{"optimizer": {"class_name": "SGD", "config": {"learning_rate": 1, "use_ema": true, "#
        + #""ema_momentum": 0.75}}, "losses": ["mse"]}"#)
    try session.finalizeWeights()
    #expect(weights(session) == [[0]])
    let gradient = try TestArray([-1], [1, 1])
    try session.applyGradients([gradient.view])
    try session.applyGradients([gradient.view])
    #expect(weights(session) == [[2]])
    // 1 after the first step, then ¾ · 1 + ¼ · 2.
    try session.finalizeWeights()
    #expect(weights(session) == [[1.25]])
  }

  @Test func gradientsMustFitTheWeights() throws {
    let session = try makeSession(
      input: [2], [("Dense", #"{"units": 1, "name": "d"}"#)],
      compile: #"{"optimizer": "SGD", "losses": ["mse"]}"#)
    let column = try TestArray([1, 2], [2, 1])
    let row = try TestArray([1, 2], [1, 2])
    let before = weights(session)
    #expect(
      message { try session.applyGradients([column.view]) }
        == "expected 2 gradients, one for each trainable weight, received 1")
    #expect(
      message { try session.applyGradients([row.view, row.view]) }
        == "layer 'd': weight 'kernel' has shape (2, 1), received a gradient of shape (1, 2)")
    #expect(weights(session) == before)
    #expect(try session.optimizerValue("iterations") == 0)
  }
}
