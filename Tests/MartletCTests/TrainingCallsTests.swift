import CMartlet
import Testing

struct TrainingCallsTests {
  /// y = 1 where the first of two numbers is the greater one.
  private static let x: [Float] = (0..<128).map { Float(($0 * 37) % 101) / 101 }
  private static let y: [Int32] = (0..<64).map { x[2 * $0] > x[2 * $0 + 1] ? 1 : 0 }

  private static let compiled = """
    {"optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.05}},
     "losses": [{"class_name": "SparseCategoricalCrossentropy", "config": {}}],
     "metrics": [[{"class_name": "Accuracy", "name": "acc"}]]}
    """

  private func classifier(_ session: Session, compiles: Bool = true) throws -> OpaquePointer {
    let x = try session.input([2], "x")
    let kernel = #"{"class_name": "GlorotUniform", "config": {"seed": 1}}"#
    let dense = try session.layer(
      "Dense",
      #"{"units": 2, "activation": "softmax", "name": "d", "kernel_initializer": \#(kernel)}"#)
    let model = try session.model([x], [session.call(dense, x)], name: "m")
    if compiles { try check(martlet_model_compile(model, TrainingCallsTests.compiled)) }
    return model
  }

  /// Lends the data of the problem for one call.
  private func withData<Result>(
    _ body: (inout martlet_data) throws -> Result
  ) rethrows -> Result {
    try TrainingCallsTests.x.withUnsafeBytes { x in
      try TrainingCallsTests.y.withUnsafeBytes { y in
        try withUnsafeTemporaryAllocation(of: Int64.self, capacity: 2) { shape in
          shape[0] = 64
          shape[1] = 2
          let xArray = martlet_array(
            data: x.baseAddress, shape: shape.baseAddress, strides: nil, rank: 2,
            dtype: martlet_dtype(MARTLET_FLOAT32))
          let yArray = martlet_array(
            data: y.baseAddress, shape: shape.baseAddress, strides: nil, rank: 1,
            dtype: martlet_dtype(MARTLET_INT32))
          return try withUnsafePointer(to: xArray) { x in
            try withUnsafePointer(to: yArray) { y in
              var data = martlet_data()
              data.struct_size = MemoryLayout<martlet_data>.stride
              data.x = x
              data.y = y
              data.x_count = 1
              data.y_count = 1
              return try body(&data)
            }
          }
        }
      }
    }
  }

  /// A mean over the batch of the distances to the targets, as operations.
  private func distance(_ session: Session) throws -> OpaquePointer {
    let (target, prediction) = (
      try session.input([], "target"), try session.input([2], "prediction")
    )
    let difference = try session.layer("Subtract", #"{"name": "difference"}"#)
    let size = try session.layer("ElementFunction", #"{"function": "abs", "name": "size"}"#)
    let mean = try session.layer("BatchReduction", #"{"function": "mean", "name": "mean"}"#)
    let output = try session.call(
      mean, session.call(size, session.call(difference, target, prediction)))
    return try session.model([target, prediction], [output], name: "distance")
  }

  private static let withGraph = """
    {"optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.1}},
     "losses": [{"class_name": "Graph", "name": "distance", "config": {"graph": 0}}],
     "metrics": [[{"class_name": "Callers", "name": "mine"}]]}
    """

  @Test func trainsOnAGraphAndHandsOutBatches() throws {
    let session = Session()
    let model = try classifier(session, compiles: false)
    var graph: OpaquePointer? = try distance(session)
    try check(martlet_model_compile_graphs(model, TrainingCallsTests.withGraph, &graph, 1))
    #expect(String(cString: martlet_model_result_name(model, 1)) == "mine")
    var outputs = [Float](repeating: -1, count: 64)
    var samples = [Int64](repeating: -1, count: 32)
    var options = options(32)
    options.shuffle = 1
    try outputs.withUnsafeMutableBufferPointer { outputs in
      try samples.withUnsafeMutableBufferPointer { samples in
        var place = outputs.baseAddress
        try check(martlet_model_observe(model, &place, 1, samples.baseAddress, 32))
        var results = [1.0, 1.0]
        try withData { data in
          try check(martlet_model_train(model, &data, &options, &results))
        }
        #expect(results[0] > 0 && results[0] < 1 && results[1] == 0)
        #expect(outputs.allSatisfy { $0 > 0 && $0 < 1 })
        #expect(Set(samples).count == 32 && samples.allSatisfy { (0..<64).contains($0) })
        // Ended, it is no longer written.
        try check(martlet_model_observe(model, nil, 0, nil, 0))
        outputs.update(repeating: -1)
        try withData { data in
          try check(martlet_model_evaluate(model, &data, &options, &results))
        }
        #expect(outputs.allSatisfy { $0 == -1 })
      }
    }
  }

  @Test func trainsOnALossOfTheCaller() throws {
    let session = Session()
    let model = try classifier(session, compiles: false)
    let (target, prediction) = (
      try session.input([], "target"), try session.input([2], "prediction")
    )
    var layer: OpaquePointer?
    // The square of how far the second probability is from the class number, or a failure.
    let squares: martlet_loss_function = { user, count, targets, predictions, values, gradients in
      guard let targets, let predictions, let values, let gradients, user == nil else { return 1 }
      for sample in 0..<Int(count) {
        let difference = predictions[2 * sample + 1] - targets[sample]
        values[sample] = difference * difference
        gradients[2 * sample] = 0
        gradients[2 * sample + 1] = 2 * difference
      }
      return 0
    }
    for fails in [false, true] {
      var user = 0
      try withUnsafeMutableBytes(of: &user) { bytes in
        try check(
          martlet_layer_create_loss(&layer, nil, squares, fails ? bytes.baseAddress : nil))
        defer { martlet_layer_release(layer) }
        let loss = try #require(layer)
        var graph: OpaquePointer? = try session.model(
          [target, prediction], [session.call(loss, target, prediction)])
        try check(martlet_model_compile_graphs(model, TrainingCallsTests.withGraph, &graph, 1))
        var losses: [Double] = []
        var options = options()
        for _ in 0..<20 where !fails {
          var results = [0.0, 0.0]
          try withData { data in
            try check(martlet_model_train(model, &data, &options, &results))
          }
          losses.append(results[0])
        }
        if fails {
          var results = [0.0, 0.0]
          let status = withData { martlet_model_train(model, &$0, &options, &results) }
          #expect(status == martlet_status(MARTLET_NOT_FINITE))
        } else {
          #expect(losses[19] < losses[0] && losses[0] < 1)
        }
      }
    }
    #expect(
      martlet_layer_create_loss(&layer, nil, nil, nil) == martlet_status(MARTLET_INVALID_ARGUMENT))
  }

  @Test func mistakesWithGraphs() throws {
    let session = Session()
    let model = try classifier(session, compiles: false)
    func message(_ status: martlet_status) -> String {
      status == martlet_status(MARTLET_OK) ? "" : String(cString: martlet_last_error())
    }
    #expect(
      message(martlet_model_compile(model, TrainingCallsTests.withGraph)).contains(
        "the number of one of 0 graphs"))
    #expect(
      message(martlet_model_compile_graphs(model, TrainingCallsTests.withGraph, nil, -1))
        == "the number of graphs is negative: -1")
    var none: OpaquePointer?
    #expect(
      message(martlet_model_compile_graphs(model, TrainingCallsTests.withGraph, &none, 1))
        == "model must not be NULL")
    var itself: OpaquePointer? = model
    #expect(
      message(martlet_model_compile_graphs(model, TrainingCallsTests.withGraph, &itself, 1))
        .contains("must have two inputs, targets and predictions, and one output"))
    var place: UnsafeMutablePointer<Float>?
    #expect(
      message(martlet_model_observe(model, &place, 1, nil, 0))
        == "capacity must be at least 1, received 0")
    let waiting = TrainingCallsTests.withGraph.replacing("\"graph\": 0", with: "\"graph\": null")
    try check(martlet_model_compile(model, waiting))
    var results = [0.0, 0.0]
    var options = options()
    withData { data in
      #expect(
        message(martlet_model_train(model, &data, &options, &results)).hasPrefix(
          "'distance' has no graph yet: compile with graphs for the shape of the targets"))
    }
    let kept = waiting.replacing(
      "{\"optimizer\"", with: "{\"keeps_optimizer\": true, \"optimizer\"")
    try check(martlet_model_compile(model, kept))
    let fresh = try classifier(session, compiles: false)
    #expect(message(martlet_model_compile(fresh, kept)).contains("is not compiled"))
  }

  private func options(_ batchSize: Int64 = 16) -> martlet_epoch_options {
    var options = martlet_epoch_options()
    options.struct_size = MemoryLayout<martlet_epoch_options>.stride
    options.batch_size = batchSize
    options.shuffle = 1
    return options
  }

  @Test func learnsAndPredicts() throws {
    let session = Session()
    let model = try classifier(session)
    #expect(martlet_model_is_compiled(model) == 1)
    #expect(martlet_model_result_count(model) == 2)
    #expect(String(cString: martlet_model_result_name(model, 0)) == "loss")
    #expect(String(cString: martlet_model_result_name(model, 1)) == "acc")
    #expect(martlet_model_result_name(model, 2) == nil)
    #expect(martlet_model_result_name(model, -1) == nil)
    var epoch = options()
    var results = [Double](repeating: .nan, count: 2)
    try withData { data in
      try check(martlet_model_check(model, &data))
      for _ in 0..<100 { try check(martlet_model_train(model, &data, &epoch, &results)) }
      try check(martlet_model_evaluate(model, &data, &epoch, &results))
    }
    #expect(results[1] > 0.9)
    var iterations = 0.0
    try check(martlet_model_optimizer_value(model, "iterations", &iterations))
    #expect(iterations == 400)
    // Two slots for each of 6 weights, step count and rate.
    #expect(martlet_model_optimizer_parameter_count(model) == 14)

    var prediction = [Float](repeating: .nan, count: 128)
    try withData { data in
      try prediction.withUnsafeMutableBufferPointer { buffer in
        try check(martlet_model_predict(model, data.x, 1, 0, nil, [buffer.baseAddress], 1))
      }
    }
    let right = (0..<64).count {
      (prediction[2 * $0 + 1] > prediction[2 * $0] ? 1 : 0) == TrainingCallsTests.y[$0]
    }
    #expect(Double(right) / 64 == results[1])
  }

  @Test func theOptimizersNumbersCanBeSet() throws {
    let session = Session()
    let model = try classifier(session)
    try check(martlet_model_set_optimizer_value(model, "learning_rate", 0.5))
    var rate = 0.0
    try check(martlet_model_optimizer_value(model, "learning_rate", &rate))
    #expect(rate == 0.5)
    #expect(
      failure(martlet_model_set_optimizer_value(model, "learing_rate", 1))
        == "unknown optimizer value 'learing_rate'; did you mean 'learning_rate'?")
    #expect(failure(martlet_model_optimizer_value(model, nil, &rate)) == "name must not be NULL")
    #expect(failure(martlet_model_optimizer_value(model, "x", nil)) == "value must not be NULL")
  }

  @Test func progressIsToldAndMayStop() throws {
    final class Log {
      var calls: [(Int64, Int64, Int32)] = []
    }
    let log = Log()
    let session = Session()
    let model = try classifier(session)
    var epoch = options(24)
    epoch.user = Unmanaged.passUnretained(log).toOpaque()
    epoch.progress = { user, done, total, results, count in
      let log = Unmanaged<Log>.fromOpaque(user!).takeUnretainedValue()
      log.calls.append((done, total, count))
      return done == 2 ? 1 : 0
    }
    var results = [Double](repeating: -1, count: 2)
    withData { data in
      #expect(
        failure(martlet_model_train(model, &data, &epoch, &results), is: MARTLET_STOPPED)
          == "stopped after batch 2 of 3")
    }
    #expect(results == [-1, -1])
    #expect(log.calls.map(\.0) == [1, 2])
    #expect(log.calls.allSatisfy { $0.1 == 3 && $0.2 == 2 })
    // And goes on.
    epoch.progress = nil
    try withData { data in
      try check(martlet_model_train(model, &data, &epoch, &results))
    }
    #expect(results[0] > 0)
  }

  @Test func aModelMustBeCompiled() throws {
    let session = Session()
    let model = try classifier(session, compiles: false)
    #expect(martlet_model_is_compiled(model) == 0)
    #expect(martlet_model_result_count(model) == 0)
    #expect(martlet_model_optimizer_parameter_count(model) == 0)
    var epoch = options()
    var results = [0.0, 0.0]
    withData { data in
      #expect(
        failure(martlet_model_train(model, &data, &epoch, &results), is: MARTLET_INVALID_STATE)
          == "model 'm' is not compiled: call compile() before fit()")
    }
    #expect(
      failure(martlet_model_compile(model, "{"))
        .hasPrefix("configuration: JSON, line 1, column 2: "))
    #expect(failure(martlet_model_compile(model, nil)) == "configuration must not be NULL")
    #expect(martlet_model_is_compiled(model) == 0)
  }

  @Test func structsAndCountsAreChecked() throws {
    let session = Session()
    let model = try classifier(session)
    var results = [0.0, 0.0]
    withData { data in
      func message(_ epoch: martlet_epoch_options) -> String {
        failure(withUnsafePointer(to: epoch) { martlet_model_train(model, &data, $0, &results) })
      }
      #expect(message(options(0)) == "batch_size must be at least 1, received 0")
      #expect(message(options(.min)) == "batch_size must be at least 1, received \(Int64.min)")
      var epoch = options()
      epoch.on_nan = 7
      #expect(message(epoch) == "on_nan must be one of MARTLET_ON_NAN_..., received 7")
      epoch = options()
      epoch.struct_size = 0
      #expect(
        message(epoch).hasPrefix("struct_size of martlet_epoch_options must be sizeof("))
      #expect(
        failure(martlet_model_train(model, &data, nil, &results)) == "options must not be NULL")
      epoch = options()
      #expect(
        failure(martlet_model_train(model, nil, &epoch, &results)) == "data must not be NULL")
      #expect(
        failure(martlet_model_train(model, &data, &epoch, nil)) == "results must not be NULL")

      func checked(_ change: (inout martlet_data) -> Void) -> String {
        var changed = data
        change(&changed)
        return failure(martlet_model_check(model, &changed))
      }
      #expect(checked { $0.x_count = -1 } == "the number of x is negative: -1")
      #expect(checked { $0.y = nil } == "y must not be NULL")
      #expect(
        checked { $0.class_weight_count = -1 } == "the number of class weights is negative: -1")
      #expect(checked { $0.class_weight_count = 1 } == "classes must not be NULL")
      #expect(
        checked { $0.struct_size = 8 }.hasPrefix("struct_size of martlet_data must be sizeof("))
      #expect(
        failure(martlet_model_predict(model, data.x, 1, 0, nil, nil, -1))
          == "the number of outputs is negative: -1")
      #expect(
        failure(martlet_model_predict(model, data.x, 1, 0, nil, nil, 1))
          == "outputs must not be NULL")
      #expect(
        failure(martlet_model_predict(model, data.x, 1, 0, nil, [nil], 1))
          == "outputs[0] must not be NULL")
      #expect(failure(martlet_model_predict(model, nil, 1, 0, nil, nil, 0)) == "x must not be NULL")
    }
    #expect(martlet_model_is_compiled(nil) == 0)
    #expect(martlet_model_result_count(nil) == 0)
    #expect(martlet_model_result_name(nil, 0) == nil)
    #expect(martlet_model_optimizer_parameter_count(nil) == 0)
    #expect(failure(martlet_model_compile(nil, "{}")) == "model must not be NULL")
  }

  @Test func profilesTrainingAndPrediction() throws {
    let session = Session()
    let model = try classifier(session)
    var epoch = options()
    try withData { data in
      let training = try created { martlet_model_profile($0, model, &data, &epoch) }
      #expect(training.hasPrefix(#"{"training": true, "batch_size": 16, "batches": 10, "#))
      #expect(training.contains(#"{"layer": "d", "operation": "Adam", "pass": "update", "#))
      data.y_count = 0
      let prediction = try created { martlet_model_profile($0, model, &data, nil) }
      #expect(prediction.hasPrefix(#"{"training": false, "batch_size": 32, "batches": 10, "#))
      #expect(
        prediction.contains(
          #"{"layer": "d", "operation": "matrix product + bias", "pass": "forward", "#))
      #expect(!prediction.contains("update"))

      epoch = options(-3)
      var text: UnsafeMutablePointer<CChar>?
      #expect(
        failure(martlet_model_profile(&text, model, &data, &epoch))
          == "batch_size must be at least 1, received -3")
      #expect(failure(martlet_model_profile(nil, model, &data, nil)) == "out must not be NULL")
      #expect(failure(martlet_model_profile(&text, model, nil, nil)) == "data must not be NULL")
      #expect(failure(martlet_model_profile(&text, nil, &data, nil)) == "model must not be NULL")
      #expect(text == nil)
    }
  }

  @Test func gradientsOfInputs() throws {
    let session = Session()
    let model = try classifier(session, compiles: false)
    let layer = try session.asLayer(model)
    var kernel = [Float](repeating: 0, count: 4)
    try check(martlet_layer_get_weight(layer, 0, &kernel, 4))
    var gradient = [Float](repeating: .nan, count: 128)
    let factors = (0..<128).map { Float($0 % 2) }
    try withData { data in
      try factors.withUnsafeBytes { factors in
        var weights = data.x.pointee
        weights.data = factors.baseAddress
        try gradient.withUnsafeMutableBufferPointer { buffer in
          try check(
            martlet_model_input_gradients(
              model, data.x, 1, &weights, 1, 1, nil, [buffer.baseAddress], 1))
        }
        #expect(
          failure(martlet_model_input_gradients(model, data.x, 1, &weights, 1, 1, nil, [nil], 1))
            == "gradients[0] must not be NULL")
        #expect(
          failure(martlet_model_input_gradients(model, data.x, 1, nil, 1, 1, nil, nil, 0))
            == "factors must not be NULL")
      }
    }
    // The score of the second class is x · kernel[:, 1].
    for sample in 0..<64 {
      #expect(gradient[2 * sample] == kernel[1] && gradient[2 * sample + 1] == kernel[3])
    }
  }

  @Test func classWeightsReachTheLoss() throws {
    let session = Session()
    let model = try classifier(session)
    var epoch = options(64)
    var plain = [0.0, 0.0]
    var weighted = [0.0, 0.0]
    try withData { data in
      try check(martlet_model_evaluate(model, &data, &epoch, &plain))
      try [0, 1].withUnsafeBufferPointer { (classes: UnsafeBufferPointer<Int64>) in
        try [2.0, 2.0].withUnsafeBufferPointer { weights in
          data.classes = classes.baseAddress
          data.class_weights = weights.baseAddress
          data.class_weight_count = 2
          try check(martlet_model_evaluate(model, &data, &epoch, &weighted))
        }
      }
    }
    #expect(abs(weighted[0] - 2 * plain[0]) < 1e-6)
  }
}
