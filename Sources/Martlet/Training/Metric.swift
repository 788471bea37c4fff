import MartletGraph

/// A number to watch beside the loss, by Keras's names: `.accuracy()`, `.auc(curve: .pr)`, or put together
/// by ``custom(_:targetShape:values:)``.
public struct Metric: Sendable {
  let source: ValueSource

  /// Key of the value in results. Of two metrics with one name the second has `_1` behind it.
  public let name: String

  private init(_ className: String, _ name: String, _ arguments: Arguments = [:]) {
    self.name = name
    var description = JSONObject()
    if case .object(let object) = JSONValue.described(className, arguments) { description = object }
    description["name"] = .text(name)
    source = .described(.object(description))
  }

  private init(_ values: OwnValues) {
    name = values.name
    source = .own(values)
  }

  /// One of your own, put together of symbols, as ``Loss/custom(_:targetShape:reduction:values:)`` is.
  ///
  /// - Parameters:
  ///   - name: Key of the value in results.
  ///   - targetShape: Of one target; `nil` for that of the prediction.
  ///   - values: Gives the values of target and prediction, whose mean over all samples is the result.
  public static func custom(
    _ name: String, targetShape: [Int?]? = nil,
    values: @escaping @Sendable (_ target: Symbol, _ prediction: Symbol) throws -> Symbol
  ) -> Metric {
    Metric(OwnValues(name: name, arguments: [:], targetShape: targetShape, function: values))
  }

  /// How the values of several classes become one.
  public enum Average: String, CaseIterable, Sendable, Argument {
    /// From the sums over all classes.
    case micro
    /// Their mean.
    case macro
    /// Their mean, weighted by how often each class occurs.
    case weighted
  }

  /// How the values of several outputs become one.
  public enum Aggregation: String, CaseIterable, Sendable, Argument {
    /// Their mean.
    case uniformAverage = "uniform_average"
    /// Their mean, weighted by the variance of each.
    case varianceWeightedAverage = "variance_weighted_average"
  }

  /// A curve over all thresholds.
  public enum Curve: String, CaseIterable, Sendable, Argument {
    /// True positives over false positives.
    case roc
    /// Precision over recall.
    case pr
    /// Precision gain over recall gain (Flach & Kull 2015).
    case prGain = "prgain"
  }

  /// How the area between two thresholds is taken.
  public enum Summation: String, CaseIterable, Sendable, Argument {
    /// Along a straight line, and for precision and recall after Davis & Goadrich 2006.
    case interpolation
    /// By the greater of both values.
    case majoring
    /// By the lesser one.
    case minoring
  }
}

extension Metric {
  /// Share of predictions that are right: binary, categorical or sparse, as the loss and the shapes
  /// have it.
  public static var accuracy: Metric { accuracy(name: "accuracy") }

  /// ``accuracy`` by another name.
  ///
  /// - Parameter name: Key of the value in results.
  public static func accuracy(name: String) -> Metric {
    Metric("Accuracy", name)
  }

  /// Share of numbers that equal their target.
  ///
  /// - Parameter name: Key of the value in results.
  public static func exactAccuracy(name: String = "accuracy") -> Metric {
    Metric("ExactAccuracy", name)
  }

  /// Share of numbers on the right side of the threshold.
  ///
  /// - Parameters:
  ///   - threshold: From where on a prediction counts as 1.
  ///   - name: Key of the value in results.
  public static func binaryAccuracy(
    threshold: Double = 0.5, name: String = "binary_accuracy"
  ) -> Metric {
    Metric("BinaryAccuracy", name, ["threshold": threshold])
  }

  /// Share of predictions whose greatest number stands where that of the target does.
  ///
  /// - Parameter name: Key of the value in results.
  public static func categoricalAccuracy(name: String = "categorical_accuracy") -> Metric {
    Metric("CategoricalAccuracy", name)
  }

  /// Share of predictions whose greatest number stands at the class.
  ///
  /// - Parameter name: Key of the value in results.
  public static func sparseCategoricalAccuracy(
    name: String = "sparse_categorical_accuracy"
  ) -> Metric {
    Metric("SparseCategoricalAccuracy", name)
  }

  /// Share of predictions whose `k` greatest numbers include the class, of one-hot targets.
  ///
  /// - Parameters:
  ///   - k: How many.
  ///   - name: Key of the value in results.
  public static func topKCategoricalAccuracy(
    k: Int = 5, name: String = "top_k_categorical_accuracy"
  ) -> Metric {
    Metric("TopKCategoricalAccuracy", name, ["k": k])
  }

  /// Share of predictions whose `k` greatest numbers include the class.
  ///
  /// - Parameters:
  ///   - k: How many.
  ///   - name: Key of the value in results.
  public static func sparseTopKCategoricalAccuracy(
    k: Int = 5, name: String = "sparse_top_k_categorical_accuracy"
  ) -> Metric {
    Metric("SparseTopKCategoricalAccuracy", name, ["k": k])
  }

  /// √ of the mean of (p − t)².
  ///
  /// - Parameter name: Key of the value in results.
  public static func rootMeanSquaredError(name: String = "root_mean_squared_error") -> Metric {
    Metric("RootMeanSquaredError", name)
  }

  /// Mean of log(cosh(p − t)).
  ///
  /// - Parameter name: Key of the value in results.
  public static func logCoshError(name: String = "logcosh") -> Metric {
    Metric("LogCoshError", name)
  }

  /// Ones that are predicted.
  ///
  /// - Parameters:
  ///   - thresholds: From where on a prediction counts as 1: one number, or several for a result of
  ///     as many; `nil` for 0.5.
  ///   - name: Key of the value in results.
  public static func truePositives(
    thresholds: (any Numbers)? = nil, name: String = "true_positives"
  ) -> Metric {
    Metric("TruePositives", name, ["thresholds": given(thresholds)])
  }

  /// Zeros that are predicted as ones.
  ///
  /// - Parameters:
  ///   - thresholds: From where on a prediction counts as 1: one number, or several for a result of
  ///     as many; `nil` for 0.5.
  ///   - name: Key of the value in results.
  public static func falsePositives(
    thresholds: (any Numbers)? = nil, name: String = "false_positives"
  ) -> Metric {
    Metric("FalsePositives", name, ["thresholds": given(thresholds)])
  }

  /// Zeros that are predicted.
  ///
  /// - Parameters:
  ///   - thresholds: From where on a prediction counts as 1: one number, or several for a result of
  ///     as many; `nil` for 0.5.
  ///   - name: Key of the value in results.
  public static func trueNegatives(
    thresholds: (any Numbers)? = nil, name: String = "true_negatives"
  ) -> Metric {
    Metric("TrueNegatives", name, ["thresholds": given(thresholds)])
  }

  /// Ones that are predicted as zeros.
  ///
  /// - Parameters:
  ///   - thresholds: From where on a prediction counts as 1: one number, or several for a result of
  ///     as many; `nil` for 0.5.
  ///   - name: Key of the value in results.
  public static func falseNegatives(
    thresholds: (any Numbers)? = nil, name: String = "false_negatives"
  ) -> Metric {
    Metric("FalseNegatives", name, ["thresholds": given(thresholds)])
  }

  /// Share of ones among what is predicted as one.
  ///
  /// - Parameters:
  ///   - thresholds: From where on a prediction counts as 1: one number, or several for a result of
  ///     as many; `nil` for 0.5.
  ///   - topK: Counts the so many greatest predictions alone.
  ///   - classID: Looks at one class alone.
  ///   - name: Key of the value in results.
  public static func precision(
    thresholds: (any Numbers)? = nil, topK: Int? = nil, classID: Int? = nil,
    name: String = "precision"
  ) -> Metric {
    Metric(
      "Precision", name, ["thresholds": given(thresholds), "top_k": topK, "class_id": classID])
  }

  /// Share of ones that are predicted.
  ///
  /// - Parameters:
  ///   - thresholds: From where on a prediction counts as 1: one number, or several for a result of
  ///     as many; `nil` for 0.5.
  ///   - topK: Counts the so many greatest predictions alone.
  ///   - classID: Looks at one class alone.
  ///   - name: Key of the value in results.
  public static func recall(
    thresholds: (any Numbers)? = nil, topK: Int? = nil, classID: Int? = nil, name: String = "recall"
  ) -> Metric {
    Metric("Recall", name, ["thresholds": given(thresholds), "top_k": topK, "class_id": classID])
  }

  /// The best precision at a recall of at least so much.
  ///
  /// - Parameters:
  ///   - recall: From 0 to 1.
  ///   - thresholdCount: How many thresholds are tried.
  ///   - classID: Looks at one class alone.
  ///   - name: Key of the value in results.
  public static func precisionAtRecall(
    _ recall: Double, thresholdCount: Int = 200, classID: Int? = nil,
    name: String = "precision_at_recall"
  ) -> Metric {
    Metric(
      "PrecisionAtRecall", name,
      ["recall": recall, "num_thresholds": thresholdCount, "class_id": classID])
  }

  /// The best recall at a precision of at least so much.
  ///
  /// - Parameters:
  ///   - precision: From 0 to 1.
  ///   - thresholdCount: How many thresholds are tried.
  ///   - classID: Looks at one class alone.
  ///   - name: Key of the value in results.
  public static func recallAtPrecision(
    _ precision: Double, thresholdCount: Int = 200, classID: Int? = nil,
    name: String = "recall_at_precision"
  ) -> Metric {
    Metric(
      "RecallAtPrecision", name,
      ["precision": precision, "num_thresholds": thresholdCount, "class_id": classID])
  }

  /// The best sensitivity at a specificity of at least so much.
  ///
  /// - Parameters:
  ///   - specificity: From 0 to 1.
  ///   - thresholdCount: How many thresholds are tried.
  ///   - classID: Looks at one class alone.
  ///   - name: Key of the value in results.
  public static func sensitivityAtSpecificity(
    _ specificity: Double, thresholdCount: Int = 200, classID: Int? = nil,
    name: String = "sensitivity_at_specificity"
  ) -> Metric {
    Metric(
      "SensitivityAtSpecificity", name,
      ["specificity": specificity, "num_thresholds": thresholdCount, "class_id": classID])
  }

  /// The best specificity at a sensitivity of at least so much.
  ///
  /// - Parameters:
  ///   - sensitivity: From 0 to 1.
  ///   - thresholdCount: How many thresholds are tried.
  ///   - classID: Looks at one class alone.
  ///   - name: Key of the value in results.
  public static func specificityAtSensitivity(
    _ sensitivity: Double, thresholdCount: Int = 200, classID: Int? = nil,
    name: String = "specificity_at_sensitivity"
  ) -> Metric {
    Metric(
      "SpecificityAtSensitivity", name,
      ["sensitivity": sensitivity, "num_thresholds": thresholdCount, "class_id": classID])
  }

  /// The area under a curve over all thresholds.
  ///
  /// - Parameters:
  ///   - thresholdCount: How many thresholds are tried.
  ///   - curve: Which curve.
  ///   - summationMethod: How the area between two thresholds is taken.
  ///   - thresholds: Thresholds of your own in place of `thresholdCount`.
  ///   - multiLabel: Whether each column has a curve of its own, of which the mean is taken.
  ///   - labelWeights: What each column counts in that mean.
  ///   - fromLogits: Whether predictions are logits.
  ///   - name: Key of the value in results.
  public static func auc(
    thresholdCount: Int = 200, curve: Curve = .roc, summationMethod: Summation = .interpolation,
    thresholds: (any Numbers)? = nil, multiLabel: Bool = false, labelWeights: (any Numbers)? = nil,
    fromLogits: Bool = false, name: String = "auc"
  ) -> Metric {
    Metric(
      "AUC", name,
      [
        "num_thresholds": thresholdCount, "curve": curve, "summation_method": summationMethod,
        "thresholds": given(thresholds), "multi_label": multiLabel,
        "label_weights": given(labelWeights), "from_logits": fromLogits,
      ])
  }

  /// The harmonic mean of precision and recall, class by class.
  ///
  /// - Parameters:
  ///   - average: How the values of the classes become one; `nil` for one each.
  ///   - threshold: From where on a prediction counts; `nil` for the greatest of each row.
  ///   - name: Key of the value in results.
  public static func f1Score(
    average: Average? = nil, threshold: Double? = nil, name: String = "f1_score"
  ) -> Metric {
    Metric("F1Score", name, ["average": average, "threshold": threshold])
  }

  /// A mean of precision and recall, in which recall counts `beta`² times as much.
  ///
  /// - Parameters:
  ///   - average: How the values of the classes become one; `nil` for one each.
  ///   - beta: Above 0.
  ///   - threshold: From where on a prediction counts; `nil` for the greatest of each row.
  ///   - name: Key of the value in results.
  public static func fBetaScore(
    average: Average? = nil, beta: Double = 1, threshold: Double? = nil,
    name: String = "fbeta_score"
  ) -> Metric {
    Metric("FBetaScore", name, ["average": average, "beta": beta, "threshold": threshold])
  }

  /// 1 − the share of the variance that predictions leave unexplained.
  ///
  /// - Parameters:
  ///   - classAggregation: How the values of the outputs become one; `nil` for one each.
  ///   - regressorCount: For the adjusted score; 0 for the plain one.
  ///   - name: Key of the value in results.
  public static func r2Score(
    classAggregation: Aggregation? = .uniformAverage, regressorCount: Int = 0,
    name: String = "r2_score"
  ) -> Metric {
    Metric(
      "R2Score", name,
      ["class_aggregation": classAggregation, "num_regressors": regressorCount])
  }

  /// Intersection over union of the predicted and the true regions, the mean over some classes.
  ///
  /// - Parameters:
  ///   - classCount: How many classes there are.
  ///   - targetClassIDs: The classes that count.
  ///   - ignoreClass: Labels that do not count.
  ///   - sparseYTrue: Whether targets are class numbers.
  ///   - sparseYPred: Whether predictions are class numbers.
  ///   - name: Key of the value in results.
  public static func iou(
    classCount: Int, targetClassIDs: [Int], ignoreClass: Int? = nil, sparseYTrue: Bool = true,
    sparseYPred: Bool = true, name: String = "io_u"
  ) -> Metric {
    Metric(
      "IoU", name,
      [
        "num_classes": classCount, "target_class_ids": targetClassIDs, "ignore_class": ignoreClass,
        "sparse_y_true": sparseYTrue, "sparse_y_pred": sparseYPred,
      ])
  }

  /// Intersection over union, the mean over all classes.
  ///
  /// - Parameters:
  ///   - classCount: How many classes there are.
  ///   - ignoreClass: Labels that do not count.
  ///   - sparseYTrue: Whether targets are class numbers.
  ///   - sparseYPred: Whether predictions are class numbers.
  ///   - name: Key of the value in results.
  public static func meanIoU(
    classCount: Int, ignoreClass: Int? = nil, sparseYTrue: Bool = true, sparseYPred: Bool = true,
    name: String = "mean_io_u"
  ) -> Metric {
    Metric(
      "MeanIoU", name,
      [
        "num_classes": classCount, "ignore_class": ignoreClass, "sparse_y_true": sparseYTrue,
        "sparse_y_pred": sparseYPred,
      ])
  }

  /// ``iou(classCount:targetClassIDs:ignoreClass:sparseYTrue:sparseYPred:name:)`` with a number for
  /// each class in targets and predictions.
  ///
  /// - Parameters:
  ///   - classCount: How many classes there are.
  ///   - targetClassIDs: The classes that count.
  ///   - ignoreClass: Labels that do not count.
  ///   - sparseYPred: Whether predictions are class numbers.
  ///   - name: Key of the value in results.
  public static func oneHotIoU(
    classCount: Int, targetClassIDs: [Int], ignoreClass: Int? = nil, sparseYPred: Bool = false,
    name: String = "one_hot_io_u"
  ) -> Metric {
    Metric(
      "OneHotIoU", name,
      [
        "num_classes": classCount, "target_class_ids": targetClassIDs, "ignore_class": ignoreClass,
        "sparse_y_pred": sparseYPred,
      ])
  }

  /// ``meanIoU(classCount:ignoreClass:sparseYTrue:sparseYPred:name:)`` with a number for each class
  /// in targets and predictions.
  ///
  /// - Parameters:
  ///   - classCount: How many classes there are.
  ///   - ignoreClass: Labels that do not count.
  ///   - sparseYPred: Whether predictions are class numbers.
  ///   - name: Key of the value in results.
  public static func oneHotMeanIoU(
    classCount: Int, ignoreClass: Int? = nil, sparseYPred: Bool = false,
    name: String = "one_hot_mean_io_u"
  ) -> Metric {
    Metric(
      "OneHotMeanIoU", name,
      ["num_classes": classCount, "ignore_class": ignoreClass, "sparse_y_pred": sparseYPred])
  }

  /// Intersection over union of numbers on the same side of a threshold.
  ///
  /// - Parameters:
  ///   - targetClassIDs: 0, 1 or both.
  ///   - threshold: From where on a prediction counts as 1.
  ///   - name: Key of the value in results.
  public static func binaryIoU(
    targetClassIDs: [Int] = [0, 1], threshold: Double = 0.5, name: String = "binary_io_u"
  ) -> Metric {
    Metric("BinaryIoU", name, ["target_class_ids": targetClassIDs, "threshold": threshold])
  }

  /// How often each class was predicted as which: rows are true, columns predicted classes.
  ///
  /// - Parameters:
  ///   - classCount: `nil` for the size of a prediction.
  ///   - name: Key of the value in results.
  public static func confusionMatrix(
    classCount: Int? = nil, name: String = "confusion_matrix"
  ) -> Metric {
    Metric("ConfusionMatrix", name, ["num_classes": classCount])
  }

  /// Of class numbers, with a probability for each class.
  ///
  /// - Parameters:
  ///   - fromLogits: Whether predictions are logits, not probabilities. Behind a softmax or sigmoid
  ///     logits are used anyway.
  ///   - ignoreClass: Labels that do not count.
  ///   - name: Key of the value in results.
  public static func sparseCategoricalCrossentropy(
    fromLogits: Bool = false, ignoreClass: Int? = nil,
    name: String = "sparse_categorical_crossentropy"
  ) -> Metric {
    Metric(
      "SparseCategoricalCrossentropy", name,
      ["from_logits": fromLogits, "ignore_class": ignoreClass])
  }

  /// Of a probability for each class (one-hot), with predicted ones.
  ///
  /// - Parameters:
  ///   - fromLogits: Whether predictions are logits, not probabilities. Behind a softmax or sigmoid
  ///     logits are used anyway.
  ///   - labelSmoothing: Which part of each target is spread evenly.
  ///   - name: Key of the value in results.
  public static func categoricalCrossentropy(
    fromLogits: Bool = false, labelSmoothing: Double = 0, name: String = "categorical_crossentropy"
  ) -> Metric {
    Metric(
      "CategoricalCrossentropy", name,
      ["from_logits": fromLogits, "label_smoothing": labelSmoothing])
  }

  /// Of 0 or 1, with a probability, for each number of the output.
  ///
  /// - Parameters:
  ///   - fromLogits: Whether predictions are logits, not probabilities. Behind a softmax or sigmoid
  ///     logits are used anyway.
  ///   - labelSmoothing: Which part of each target is spread evenly.
  ///   - name: Key of the value in results.
  public static func binaryCrossentropy(
    fromLogits: Bool = false, labelSmoothing: Double = 0, name: String = "binary_crossentropy"
  ) -> Metric {
    Metric(
      "BinaryCrossentropy", name,
      ["from_logits": fromLogits, "label_smoothing": labelSmoothing])
  }

  /// The categorical crossentropy times alpha · (1 − p)^gamma (Lin et al. 2017, arXiv:1708.02002).
  ///
  /// - Parameters:
  ///   - alpha: A factor.
  ///   - gamma: How much less what is easy counts.
  ///   - fromLogits: Whether predictions are logits, not probabilities. Behind a softmax or sigmoid
  ///     logits are used anyway.
  ///   - labelSmoothing: Which part of each target is spread evenly.
  ///   - name: Key of the value in results.
  public static func categoricalFocalCrossentropy(
    alpha: Double = 0.25, gamma: Double = 2, fromLogits: Bool = false, labelSmoothing: Double = 0,
    name: String = "categorical_focal_crossentropy"
  ) -> Metric {
    Metric(
      "CategoricalFocalCrossentropy", name,
      [
        "alpha": alpha, "gamma": gamma, "from_logits": fromLogits,
        "label_smoothing": labelSmoothing,
      ])
  }

  /// The binary crossentropy times (1 − p)^gamma, p being the probability of the target (Lin et al.
  /// 2017, arXiv:1708.02002).
  ///
  /// - Parameters:
  ///   - applyClassBalancing: Whether ones count alpha and zeros 1 − alpha.
  ///   - alpha: What ones count.
  ///   - gamma: How much less what is easy counts.
  ///   - fromLogits: Whether predictions are logits, not probabilities. Behind a softmax or sigmoid
  ///     logits are used anyway.
  ///   - labelSmoothing: Which part of each target is spread evenly.
  ///   - name: Key of the value in results.
  public static func binaryFocalCrossentropy(
    applyClassBalancing: Bool = false, alpha: Double = 0.25, gamma: Double = 2,
    fromLogits: Bool = false, labelSmoothing: Double = 0, name: String = "binary_focal_crossentropy"
  ) -> Metric {
    Metric(
      "BinaryFocalCrossentropy", name,
      [
        "apply_class_balancing": applyClassBalancing, "alpha": alpha, "gamma": gamma,
        "from_logits": fromLogits, "label_smoothing": labelSmoothing,
      ])
  }

  /// Σ t · log(t / p).
  ///
  /// - Parameter name: Key of the value in results.
  public static func klDivergence(name: String = "kl_divergence") -> Metric {
    Metric("KLDivergence", name)
  }

  /// Mean of (p − t)².
  ///
  /// - Parameter name: Key of the value in results.
  public static func meanSquaredError(name: String = "mean_squared_error") -> Metric {
    Metric("MeanSquaredError", name)
  }

  /// Mean of |p − t|.
  ///
  /// - Parameter name: Key of the value in results.
  public static func meanAbsoluteError(name: String = "mean_absolute_error") -> Metric {
    Metric("MeanAbsoluteError", name)
  }

  /// 100 times the mean of |p − t| / |t|.
  ///
  /// - Parameter name: Key of the value in results.
  public static func meanAbsolutePercentageError(
    name: String = "mean_absolute_percentage_error"
  ) -> Metric {
    Metric("MeanAbsolutePercentageError", name)
  }

  /// Mean of (log(1 + p) − log(1 + t))².
  ///
  /// - Parameter name: Key of the value in results.
  public static func meanSquaredLogarithmicError(
    name: String = "mean_squared_logarithmic_error"
  ) -> Metric {
    Metric("MeanSquaredLogarithmicError", name)
  }

  /// Squares near the target, a straight line beyond `delta`.
  ///
  /// - Parameters:
  ///   - delta: Where the line begins.
  ///   - name: Key of the value in results.
  public static func huber(delta: Double = 1, name: String = "huber") -> Metric {
    Metric("Huber", name, ["delta": delta])
  }

  /// Mean of log(cosh(p − t)).
  ///
  /// - Parameter name: Key of the value in results.
  public static func logCosh(name: String = "log_cosh") -> Metric {
    Metric("LogCosh", name)
  }

  /// Mean of p − t · log(p).
  ///
  /// - Parameter name: Key of the value in results.
  public static func poisson(name: String = "poisson") -> Metric {
    Metric("Poisson", name)
  }

  /// The cosine of the angle between prediction and target.
  ///
  /// - Parameter name: Key of the value in results.
  public static func cosineSimilarity(name: String = "cosine_similarity") -> Metric {
    Metric("CosineSimilarity", name)
  }

  /// Mean of max(1 − t · p, 0), with targets of -1 and 1.
  ///
  /// - Parameter name: Key of the value in results.
  public static func hinge(name: String = "hinge") -> Metric {
    Metric("Hinge", name)
  }

  /// Mean of max(1 − t · p, 0)².
  ///
  /// - Parameter name: Key of the value in results.
  public static func squaredHinge(name: String = "squared_hinge") -> Metric {
    Metric("SquaredHinge", name)
  }

  /// max(1 + the best wrong prediction − the right one, 0).
  ///
  /// - Parameter name: Key of the value in results.
  public static func categoricalHinge(name: String = "categorical_hinge") -> Metric {
    Metric("CategoricalHinge", name)
  }
}
