import CMartlet
import MartletC
import Testing

/// Losses and metrics by themselves, through the header.
struct MetricCallsTests {
  /// A view of some floats; the memory is never freed, as tests are short.
  private func view(_ values: [Float], _ shape: [Int64]) -> martlet_array {
    let data = UnsafeMutablePointer<Float>.allocate(capacity: values.count)
    data.update(from: values, count: values.count)
    let extents = UnsafeMutablePointer<Int64>.allocate(capacity: shape.count)
    extents.update(from: shape, count: shape.count)
    return martlet_array(
      data: data, shape: extents, strides: nil, rank: Int32(shape.count), dtype: 0)
  }

  @Test func lossesHaveOneValueOrMany() throws {
    var yTrue = view([0, 0, 1, 1], [2, 2])
    var yPred = view([1, 1, 1, 3], [2, 2])
    var weights = view([1, 3], [2])
    var values = [Float](repeating: -1, count: 3)
    var count: Int64 = 0
    let each = #"{"class_name": "mse", "config": {"reduction": "none"}}"#
    #expect(martlet_loss_values(&values, 3, &count, each, &yTrue, &yPred, nil) == 0)
    #expect(count == 2 && values == [1, 2, -1])
    #expect(martlet_loss_values(&values, 1, &count, each, &yTrue, &yPred, &weights) == 0)
    #expect(count == 2 && values == [1, 2, -1], "no more is written than there is room for")
    let mean = #"{"class_name": "mse"}"#
    #expect(martlet_loss_values(&values, 3, &count, mean, &yTrue, &yPred, &weights) == 0)
    #expect(count == 1 && values[0] == 3.5)
    #expect(martlet_loss_values(&values, 3, &count, mean, nil, &yPred, nil) != 0)
    #expect(lastError == "y_true must not be NULL")
    #expect(martlet_loss_values(&values, 3, &count, "{}", &yTrue, &yPred, nil) != 0)
    #expect(lastError.hasPrefix("loss: expected a name or"))
  }

  @Test func metricsCountUntilTheyAreReset() throws {
    var metric: OpaquePointer?
    let configuration = #"{"class_name": "F1Score", "config": {"threshold": 0.5}}"#
    #expect(martlet_metric_create(&metric, configuration) == 0)
    defer { martlet_metric_release(metric) }
    var yTrue = view([1, 0, 1, 1], [2, 2])
    var yPred = view([1, 0, 1, 0], [2, 2])
    var values = [Double](repeating: -1, count: 2)
    var shape = [Int64](repeating: 0, count: 2)
    var rank: Int32 = 0
    #expect(martlet_metric_result(metric, &values, 2, &shape, &rank) != 0)
    #expect(lastError == "metric 'F1Score' has no result yet: call update_state() first")
    #expect(martlet_metric_update(metric, &yTrue, &yPred, nil) == 0)
    #expect(martlet_metric_result(metric, &values, 2, &shape, &rank) == 0)
    #expect(rank == 1 && shape[0] == 2)
    #expect(abs(values[0] - 1) < 1e-6 && values[1] == 0)
    #expect(martlet_metric_reset(metric) == 0)
    #expect(martlet_metric_result(metric, &values, 2, &shape, &rank) != 0)
    #expect(martlet_metric_update(metric, &yTrue, nil, nil) != 0)
    #expect(lastError == "y_pred must not be NULL")
    #expect(martlet_metric_update(nil, &yTrue, &yPred, nil) != 0)
    #expect(lastError == "metric must not be NULL")
    martlet_metric_release(nil)
  }

  @Test func modelsTellTheShapesOfTheirResults() throws {
    let session = Session()
    let input = try session.input([2], "x")
    let dense = try session.layer("Dense", #"{"units": 3}"#)
    let model = try session.model([input], [try session.call(dense, input)])
    let configuration =
      #"{"losses": ["mse"], "metrics": [["mae", "confusion_matrix", "f1_score"]]}"#
    #expect(martlet_model_compile(model, configuration) == 0)
    #expect(martlet_model_result_count(model) == 4)
    #expect(martlet_model_value_count(model) == 1 + 1 + 9 + 3)
    var shape = [Int64](repeating: 0, count: 2)
    var rank: Int32 = -1
    for (index, expected) in [[], [], [3, 3], [3]].enumerated() {
      #expect(martlet_model_result_shape(model, Int32(index), &shape, 2, &rank) == 0)
      #expect(Array(shape.prefix(Int(rank))) == expected.map { Int64($0) })
    }
    #expect(martlet_model_result_shape(model, 4, &shape, 2, &rank) != 0)
    #expect(lastError == "there are 4 results, received index 4")
    #expect(martlet_model_value_count(nil) == 0)
  }
}
