import Martlet
import Testing

import struct MartletGraph.JSONObject
import enum MartletGraph.JSONValue
import enum MartletGraph.Loss
import class MartletTraining.Session

private typealias Loss = Martlet.Loss

@Suite(.serialized) struct CompilingTests {
  private static let optimizers: [(name: String, optimizer: Optimizer, rate: Double)] = [
    ("SGD", .sgd(), 0.01), ("Adam", .adam(), 0.001), ("AdamW", .adamW(), 0.001),
    ("Adamax", .adamax(), 0.001), ("Nadam", .nadam(), 0.001), ("RMSprop", .rmsprop(), 0.001),
    ("Adagrad", .adagrad(), 0.001), ("Adadelta", .adadelta(), 0.001), ("Lion", .lion(), 0.001),
    ("Ftrl", .ftrl(), 0.001),
  ]

  private static let allArguments: [Optimizer] = [
    .sgd(learningRate: 0.1, momentum: 0.9, nesterov: true).clipping(.value(0.5)),
    .adam(learningRate: 0.1, beta1: 0.8, beta2: 0.9, epsilon: 1e-5, amsgrad: true)
      .clipping(.norm(0.5)),
    .adamW(learningRate: 0.1, beta1: 0.8, beta2: 0.9, epsilon: 1e-5, amsgrad: true)
      .clipping(.globalNorm(0.5)),
    .adamax(learningRate: 0.1, beta1: 0.8, beta2: 0.9, epsilon: 1e-5).weightDecay(0.01),
    .nadam(learningRate: 0.1, beta1: 0.8, beta2: 0.9, epsilon: 1e-5).averaging(),
    .rmsprop(learningRate: 0.1, rho: 0.8, momentum: 0.9, epsilon: 1e-5, centered: true)
      .averaging(momentum: 0.5, overwriteFrequency: 2),
    .adagrad(learningRate: 0.1, initialAccumulatorValue: 0.2, epsilon: 1e-5),
    .adadelta(learningRate: 0.1, rho: 0.8, epsilon: 1e-5),
    .lion(learningRate: 0.1, beta1: 0.8, beta2: 0.9),
    .ftrl(
      learningRate: 0.1, learningRatePower: -0.4, initialAccumulatorValue: 0.2, l1: 0.1, l2: 0.1,
      l2Shrinkage: 0.1, beta: 0.1),
  ]

  private static let schedules: [(name: String, rate: LearningRate, first: Double)] = [
    ("ExponentialDecay", .exponentialDecay(0.5, steps: 10, rate: 0.9, staircase: true), 0.5),
    ("InverseTimeDecay", .inverseTimeDecay(0.5, steps: 10, rate: 0.9, staircase: true), 0.5),
    ("PolynomialDecay", .polynomialDecay(0.5, steps: 10, end: 0.1, power: 2, cycle: true), 0.5),
    (
      "CosineDecay", .cosineDecay(0.5, steps: 10, alpha: 0.1, warmupTarget: 1, warmupSteps: 5), 0.5
    ),
    (
      "CosineDecayRestarts",
      .cosineDecayRestarts(0.5, firstSteps: 10, growth: 1.5, damping: 0.9, alpha: 0.1), 0.5
    ),
    (
      "PiecewiseConstantDecay", .piecewiseConstantDecay(boundaries: [5], values: [0.5, 0.1]), 0.5
    ),
  ]

  /// The names that the core lists where it is given one that is none of them.
  private func knownNames(_ key: String, _ unknown: JSONValue) throws -> Set<String> {
    let session = Session(try smallNetwork().coreModel)
    var configuration: JSONObject = ["losses": ["mse"]]
    configuration[key] = unknown
    let text = try #require(message { try session.compile(configuration) })
    let list = try #require(text.firstRange(of: "known are ").map { text[$0.upperBound...] })
    return Set(list.split(separator: ", ").map { $0.filter { $0 != "'" } })
  }

  private static let unknown = "0123456789012345"

  @Test func everyOptimizer() throws {
    let known = try knownNames("optimizer", .text(CompilingTests.unknown))
    #expect(Set(CompilingTests.optimizers.map(\.name)) == known)
    #expect(CompilingTests.allArguments.count == known.count)
    let model = try smallNetwork()
    for (name, optimizer, rate) in CompilingTests.optimizers {
      try model.compile(optimizer: optimizer, loss: .sparseCategoricalCrossentropy())
      #expect(try model.learningRate == rate, "\(name)")
    }
    let (x, y) = try squares(8)
    for optimizer in CompilingTests.allArguments {
      try model.compile(optimizer: optimizer, loss: .sparseCategoricalCrossentropy())
      #expect(try model.learningRate == 0.1)
      #expect(try model.trainBatch(x, y).loss.isFinite)
      #expect(try model.stepCount == 1)
    }
  }

  @Test func everySchedule() throws {
    let unknown: JSONValue = ["class_name": .text(CompilingTests.unknown)]
    let known = try knownNames(
      "optimizer", ["class_name": "SGD", "config": ["learning_rate": unknown]])
    #expect(Set(CompilingTests.schedules.map(\.name)) == known)
    let model = try smallNetwork()
    for (name, rate, first) in CompilingTests.schedules {
      try model.compile(
        optimizer: .sgd(learningRate: rate), loss: .sparseCategoricalCrossentropy())
      #expect(try model.learningRate == first, "\(name)")
    }
  }

  @Test func learningRates() throws {
    let model = try smallNetwork()
    #expect(
      message { try model.setLearningRate(0.1) }
        == "model '\(model.name ?? "")' is not compiled: call compile() before setting the optimizer"
    )
    try model.compile(optimizer: .sgd(), loss: .sparseCategoricalCrossentropy())
    try model.setLearningRate(0.25)
    #expect(try model.learningRate == 0.25)
    try model.setLearningRate(.piecewiseConstantDecay(boundaries: [0], values: [0.5, 0.125]))
    #expect(try model.learningRate == 0.5)
    let (x, y) = try squares(8)
    try model.trainBatch(x, y)
    #expect(try model.learningRate == 0.125)
    try model.setLearningRate { 1 / Double($0 + 1) }
    #expect(try model.learningRate == 0.5)
    try model.setLearningRate { _ in .nan }
    #expect(
      message { try model.trainBatch(x, y) }
        == "the learning rate's function gave nan at step 1, expected a finite number")
  }

  private static let losses: [(String, Loss)] = [
    ("SparseCategoricalCrossentropy", .sparseCategoricalCrossentropy(ignoreClass: 1)),
    ("CategoricalCrossentropy", .categoricalCrossentropy(labelSmoothing: 0.1)),
    ("BinaryCrossentropy", .binaryCrossentropy(fromLogits: true, labelSmoothing: 0.1)),
    (
      "CategoricalFocalCrossentropy",
      .categoricalFocalCrossentropy(alpha: 0.5, gamma: 1, labelSmoothing: 0.1)
    ),
    (
      "BinaryFocalCrossentropy",
      .binaryFocalCrossentropy(applyClassBalancing: true, alpha: 0.5, gamma: 1)
    ),
    ("Dice", .dice(axis: -1)), ("Tversky", .tversky(alpha: 0.3, beta: 0.7)),
    ("Huber", .huber(delta: 2)), ("KLDivergence", .klDivergence()),
    ("MeanSquaredError", .meanSquaredError(reduction: .sum)),
    ("MeanAbsoluteError", .meanAbsoluteError()),
    ("MeanAbsolutePercentageError", .meanAbsolutePercentageError()),
    ("MeanSquaredLogarithmicError", .meanSquaredLogarithmicError()), ("LogCosh", .logCosh()),
    ("Poisson", .poisson()), ("CosineSimilarity", .cosineSimilarity()), ("Hinge", .hinge()),
    ("SquaredHinge", .squaredHinge()), ("CategoricalHinge", .categoricalHinge()),
  ]

  @Test func everyLoss() throws {
    #expect(
      Set(CompilingTests.losses.map(\.0)) == Set(MartletGraph.Loss.kinds.map(\.className)))
    let model = try smallNetwork()
    let (x, labels) = try squares(8)
    let oneHot = try Tensor(shape: [8, 2], scalars: labels.flatMap { [Float(1 - $0), Float($0)] })
    for (name, loss) in CompilingTests.losses + [("Crossentropy", .crossentropy())] {
      try model.compile(loss: loss)
      let takesLabels = name.hasPrefix("Sparse")
      let results = try takesLabels ? model.testBatch(x, labels) : model.testBatch(x, oneHot)
      #expect(results.loss.isFinite, "\(name)")
    }
  }

  /// Metrics for one-hot targets, those for labels, and those that find no place beside either.
  private static let metrics: (oneHot: [(String, Metric)], labels: [(String, Metric)]) = (
    [
      ("ExactAccuracy", .exactAccuracy()), ("BinaryAccuracy", .binaryAccuracy(threshold: 0.4)),
      ("CategoricalAccuracy", .categoricalAccuracy()),
      ("TopKCategoricalAccuracy", .topKCategoricalAccuracy(k: 1)),
      ("RootMeanSquaredError", .rootMeanSquaredError()), ("LogCoshError", .logCoshError()),
      ("TruePositives", .truePositives(thresholds: [0.3, 0.6])),
      ("FalsePositives", .falsePositives(thresholds: 0.3)), ("TrueNegatives", .trueNegatives()),
      ("FalseNegatives", .falseNegatives()),
      ("Precision", .precision(thresholds: 0.4, topK: 1, classID: 1)),
      ("Recall", .recall(thresholds: 0.4, topK: 1, classID: 1)),
      ("PrecisionAtRecall", .precisionAtRecall(0.5, thresholdCount: 50, classID: 1)),
      ("RecallAtPrecision", .recallAtPrecision(0.5)),
      ("SensitivityAtSpecificity", .sensitivityAtSpecificity(0.5)),
      ("SpecificityAtSensitivity", .specificityAtSensitivity(0.5)),
      (
        "AUC",
        .auc(
          thresholdCount: 50, curve: .pr, summationMethod: .minoring, multiLabel: true,
          labelWeights: [1, 2])
      ),
      ("F1Score", .f1Score(average: .macro, threshold: 0.4)),
      ("FBetaScore", .fBetaScore(average: .micro, beta: 2)),
      ("R2Score", .r2Score(classAggregation: .varianceWeightedAverage, regressorCount: 1)),
      (
        "OneHotIoU",
        .oneHotIoU(classCount: 2, targetClassIDs: [0], ignoreClass: -1, sparseYPred: false)
      ),
      ("OneHotMeanIoU", .oneHotMeanIoU(classCount: 2)),
      ("BinaryIoU", .binaryIoU(targetClassIDs: [1], threshold: 0.4)),
      ("ConfusionMatrix", .confusionMatrix(classCount: 2)),
      ("CategoricalCrossentropy", .categoricalCrossentropy()),
      ("BinaryCrossentropy", .binaryCrossentropy()),
      ("CategoricalFocalCrossentropy", .categoricalFocalCrossentropy()),
      ("BinaryFocalCrossentropy", .binaryFocalCrossentropy()),
      ("KLDivergence", .klDivergence()), ("MeanSquaredError", .meanSquaredError()),
      ("MeanAbsoluteError", .meanAbsoluteError()),
      ("MeanAbsolutePercentageError", .meanAbsolutePercentageError()),
      ("MeanSquaredLogarithmicError", .meanSquaredLogarithmicError()), ("Huber", .huber()),
      ("LogCosh", .logCosh()), ("Poisson", .poisson()), ("CosineSimilarity", .cosineSimilarity()),
      ("Hinge", .hinge()), ("SquaredHinge", .squaredHinge()),
      ("CategoricalHinge", .categoricalHinge()),
    ],
    [
      ("SparseCategoricalAccuracy", .sparseCategoricalAccuracy()),
      ("SparseTopKCategoricalAccuracy", .sparseTopKCategoricalAccuracy(k: 1)),
      ("SparseCategoricalCrossentropy", .sparseCategoricalCrossentropy()),
      (
        "IoU",
        .iou(
          classCount: 2, targetClassIDs: [0, 1], ignoreClass: -1, sparseYTrue: true,
          sparseYPred: false)
      ), ("MeanIoU", .meanIoU(classCount: 2, sparseYPred: false)),
    ]
  )

  @Test func everyMetric() throws {
    let (ofOneHot, ofLabels) = CompilingTests.metrics
    // Short names mean what there is already, losses of regions are no metrics, and means and sums of
    // values compare nothing.
    let known = try knownNames("metrics", [[.text(CompilingTests.unknown)]]).subtracting([
      "accuracy", "acc", "bce", "kld", "mse", "mae", "mape", "msle", "dice", "tversky", "mean",
      "sum",
    ])
    let own = ["accuracy": "exact_accuracy", "logcosh": "log_cosh_error"]
    #expect(Set((ofOneHot + ofLabels).map { own[$0.1.name] ?? $0.1.name }) == known)
    let model = try smallNetwork()
    let (x, labels) = try squares(8)
    let oneHot = try Tensor(shape: [8, 2], scalars: labels.flatMap { [Float(1 - $0), Float($0)] })
    for (name, metric) in ofOneHot {
      try model.compile(loss: .categoricalCrossentropy(), metrics: [metric])
      #expect(model.resultNames == ["loss", metric.name], "\(name)")
      let results = try model.testBatch(x, oneHot)
      #expect(try #require(results.values(of: metric.name)).allSatisfy { !$0.isNaN }, "\(name)")
    }
    for (name, metric) in ofLabels {
      try model.compile(loss: .sparseCategoricalCrossentropy(), metrics: [metric, .accuracy])
      #expect(model.resultNames == ["loss", metric.name, "accuracy"], "\(name)")
      let results = try model.testBatch(x, labels)
      #expect(try #require(results[metric.name]).isFinite, "\(name)")
    }
  }

  @Test func valuesOfSeveralNumbers() throws {
    let model = try smallNetwork()
    let (x, labels) = try squares(8)
    try model.compile(
      loss: .sparseCategoricalCrossentropy(), metrics: [.confusionMatrix(), .accuracy])
    let results = try model.testBatch(x, labels)
    let matrix = try #require(results.values(of: "confusion_matrix"))
    #expect(matrix.count == 4)
    #expect(matrix.reduce(0, +) == 8)
    #expect(results["accuracy"] == (matrix[0] + matrix[3]) / 8)
    #expect(results["confusion_matrix"] == nil)
    #expect(results["nothing"] == nil)
  }

  @Test func severalOutputs() throws {
    let x = Input(3)
    let model = try Model(
      inputs: x,
      outputs: Dense(units: 1, name: "a")(x), Dense(units: 2, activation: .softmax, name: "b")(x))
    try model.compile(
      optimizer: .sgd(), losses: [.meanSquaredError(), .sparseCategoricalCrossentropy()],
      lossWeights: [0.5, 2], metrics: [[.meanAbsoluteError()], [.accuracy]],
      weightedMetrics: [[], [.accuracy]])
    #expect(
      model.resultNames == [
        "loss", "a_loss", "b_loss", "a_mean_absolute_error", "b_accuracy", "b_weighted_accuracy",
      ])
    let data = try Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6] as [Float])
    let results = try model.testBatch(
      Samples([data], [[1, 2] as [Float], [0, 1]], sampleWeight: [[1, 0.5] as [Double]]))
    #expect(
      abs(results.loss - (0.5 * results["a_loss"]! + 2 * results["b_loss"]!)) < 1e-6 * results.loss)
    #expect(try model.predictAll([data]).map(\.shape) == [[2, 1], [2, 2]])
    #expect(
      message { _ = try model.predict(data) }
        == "model '\(model.name ?? "")' has 2 outputs: call predictAll(_:)")
  }

  @Test func messages() throws {
    let model = try smallNetwork()
    #expect(
      message { try model.compile(optimizer: .adam(beta1: 2), loss: .meanSquaredError()) }
        == "Adam: invalid value for argument 'beta_1': expected a number between 0.0 and 0.9999999, "
        + "received 2.0")
    #expect(
      message { try model.compile(losses: [.hinge(), .hinge()]) }
        == "compile: \"losses\" has 2 entries for a model of 1 outputs")
    #expect(
      message {
        try model.compile(
          loss: .sparseCategoricalCrossentropy(), metrics: [.categoricalAccuracy()])
      }
        == "layer '\(model.outputs[0].layerName)': metric 'categorical_accuracy' expects a value for "
        + "every output, but loss 'sparse_categorical_crossentropy' takes class numbers; use "
        + "'accuracy', which follows the loss")
  }
}
