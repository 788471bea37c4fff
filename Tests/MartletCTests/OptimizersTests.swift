import CMartlet
import Testing

struct OptimizersTests {
  private func model(
    _ session: Session, _ optimizer: String = #"{"class_name": "Adam", "config": {}}"#
  ) throws -> OpaquePointer {
    let x = try session.input([3], "x")
    let hidden = try session.layer("Dense", #"{"units": 2, "name": "a"}"#)
    let frozen = try session.layer("Dense", #"{"units": 4, "name": "f", "trainable": false}"#)
    let model = try session.model([x], [session.call(frozen, session.call(hidden, x))], name: "m")
    try check(
      martlet_model_compile(model, "{\"optimizer\": \(optimizer), \"losses\": [\"mse\"]}"))
    return model
  }

  private func info(_ model: OpaquePointer, _ index: Int64) throws -> martlet_weight_info {
    var info = martlet_weight_info()
    info.struct_size = MemoryLayout<martlet_weight_info>.stride
    try check(martlet_model_optimizer_weight_info(&info, model, index))
    return info
  }

  private func names(_ model: OpaquePointer) throws -> [String] {
    try (0..<martlet_model_optimizer_weight_count(model)).map {
      String(cString: try info(model, $0).name)
    }
  }

  private func values(_ model: OpaquePointer, _ index: Int64, _ count: Int) throws -> [Float] {
    var values = [Float](repeating: .nan, count: count)
    try check(martlet_model_optimizer_weight_get(model, index, &values, Int64(count)))
    return values
  }

  private func set(
    _ model: OpaquePointer, _ index: Int64, _ values: [Float], _ shape: [Int64]
  ) -> martlet_status {
    values.withUnsafeBytes { values in
      shape.withUnsafeBufferPointer { shape in
        var array = martlet_array(
          data: values.baseAddress, shape: shape.baseAddress, strides: nil,
          rank: Int32(shape.count), dtype: martlet_dtype(MARTLET_FLOAT32))
        return martlet_model_optimizer_weight_set(model, index, &array)
      }
    }
  }

  /// Adam's moments stand side by side, RMSprop's kinds of memory one after the other, as in Keras.
  @Test func stateStandsInTheOrderOfKeras() throws {
    let session = Session()
    #expect(
      try names(model(session)) == [
        "iteration", "learning_rate", "a_kernel_momentum", "a_kernel_velocity", "a_bias_momentum",
        "a_bias_velocity",
      ])
    let rmsprop = #"{"class_name": "RMSprop", "config": {"momentum": 0.5, "centered": true}}"#
    #expect(
      try names(model(session, rmsprop)) == [
        "iteration", "learning_rate", "a_kernel_velocity", "a_bias_velocity", "a_kernel_momentum",
        "a_bias_momentum", "a_kernel_average_gradient", "a_bias_average_gradient",
      ])
    #expect(try names(model(session, "\"SGD\"")) == ["iteration", "learning_rate"])
    let sgd = #"{"class_name": "SGD", "config": {"momentum": 0.5}}"#
    let names = try names(model(session, sgd))
    #expect(names == ["iteration", "learning_rate", "a_kernel_momentum", "a_bias_momentum"])
  }

  @Test func infoTellsShapeAndOwner() throws {
    let session = Session()
    let model = try model(session)
    let kernel = try info(model, 3)
    #expect(String(cString: kernel.layer) == "a")
    #expect(kernel.rank == 2 && kernel.shape.0 == 3 && kernel.shape.1 == 2 && kernel.count == 6)
    #expect(kernel.trainable == 0)
    let rate = try info(model, 1)
    #expect(String(cString: rate.layer) == "")
    #expect(rate.rank == 0 && rate.count == 1)
    #expect(martlet_model_optimizer_parameter_count(model) == 2 + 2 * 8)
    var info = martlet_weight_info()
    #expect(
      failure(martlet_model_optimizer_weight_info(&info, model, 0))
        .hasPrefix("struct_size of martlet_weight_info must be sizeof(martlet_weight_info), "))
  }

  @Test func stateGoesInAndOut() throws {
    let session = Session()
    let model = try model(session)
    try check(set(model, 0, [7], [1]))
    try check(set(model, 1, [0.25], [1]))
    try check(set(model, 2, [1, 2, 3, 4, 5, 6], [3, 2]))
    #expect(try values(model, 0, 1) == [7])
    #expect(try values(model, 1, 1) == [0.25])
    #expect(try values(model, 2, 6) == [1, 2, 3, 4, 5, 6])
    #expect(try values(model, 3, 6) == [0, 0, 0, 0, 0, 0])
    var number = 0.0
    try check(martlet_model_optimizer_value(model, "iterations", &number))
    #expect(number == 7)
    try check(martlet_model_optimizer_value(model, "learning_rate", &number))
    #expect(number == 0.25)
  }

  @Test func mistakesAreNamed() throws {
    let session = Session()
    let model = try model(session)
    #expect(
      failure(set(model, 2, [1, 2, 3, 4, 5, 6], [2, 3]))
        == "optimizer weight 'a_kernel_momentum' has shape (3, 2), received (2, 3)")
    #expect(
      failure(set(model, 0, [1.5], [1]))
        == "iterations: expected a whole number from 0 up, got 1.5")
    #expect(
      failure(set(model, 1, [-1], [1]))
        == "learning_rate: expected a number from 0 up, got -1.0")
    var few = [Float](repeating: 0, count: 5)
    #expect(
      failure(martlet_model_optimizer_weight_get(model, 2, &few, 5))
        == "optimizer weight 'a_kernel_momentum' of shape (3, 2) has 6 values, received room for 5")
    for index in [-1, 6, .max] as [Int64] {
      let message = "optimizer weight \(index) was asked for, but there are 6"
      var info = martlet_weight_info()
      #expect(failure(martlet_model_optimizer_weight_info(&info, model, index)) == message)
      #expect(failure(martlet_model_optimizer_weight_get(model, index, &few, 1)) == message)
      #expect(failure(set(model, index, [1], [1])) == message)
    }
    #expect(
      failure(martlet_model_optimizer_weight_get(model, 0, nil, 1)) == "values must not be NULL")
    #expect(failure(martlet_model_optimizer_weight_set(model, 0, nil)) == "values must not be NULL")
    #expect(martlet_model_optimizer_weight_count(nil) == 0)
  }

  // MARK: Rates and steps

  private static let halving = """
    {"class_name": "ExponentialDecay",
     "config": {"initial_learning_rate": 0.5, "decay_steps": 1, "decay_rate": 0.5}}
    """

  private func rate(_ model: OpaquePointer) throws -> Double {
    var rate = Double.nan
    try check(martlet_model_optimizer_value(model, "learning_rate", &rate))
    return rate
  }

  @Test func schedulesTellTheirRates() throws {
    var rates = [Double](repeating: .nan, count: 3)
    try check(martlet_learning_rates(OptimizersTests.halving, [0, 1, 3], &rates, 3))
    #expect(rates == [0.5, 0.25, 0.0625])
    try check(martlet_learning_rates(OptimizersTests.halving, nil, nil, 0))
    func message(_ schedule: String?, _ count: Int64 = 1) -> String {
      failure(martlet_learning_rates(schedule, nil, nil, count))
    }
    #expect(message(nil) == "schedule must not be NULL")
    #expect(message(OptimizersTests.halving) == "steps must not be NULL")
    #expect(message(OptimizersTests.halving, -1) == "the number of steps is negative: -1")
    #expect(
      failure(martlet_learning_rates("{}", nil, nil, 0), is: MARTLET_INVALID_TYPE)
        .hasPrefix("learning-rate schedule: expected a name or "))
  }

  @Test func ratesFollowSchedulesAndFunctions() throws {
    let session = Session()
    let model = try model(session)
    try check(martlet_model_set_learning_rate_schedule(model, OptimizersTests.halving))
    #expect(try rate(model) == 0.5)
    #expect(try names(model).prefix(2) == ["iteration", "a_kernel_momentum"])
    let factor = UnsafeMutablePointer<Double>.allocate(capacity: 1)
    factor.initialize(to: 0.25)
    defer { factor.deallocate() }
    try check(
      martlet_model_set_learning_rate_function(
        model,
        { user, steps, rate in
          rate!.pointee = user!.load(as: Double.self) * Double(steps + 1)
          return steps < 5 ? 0 : 1
        }, factor))
    #expect(try rate(model) == 0.25)
    try check(martlet_model_set_optimizer_value(model, "iterations", 3))
    #expect(try rate(model) == 1)
    try check(martlet_model_set_optimizer_value(model, "iterations", 5))
    var value = 0.0
    #expect(
      failure(
        martlet_model_optimizer_value(model, "learning_rate", &value), is: MARTLET_INVALID_STATE)
        == "the learning rate's function failed at step 5")
    #expect(
      failure(martlet_model_set_learning_rate_function(model, nil, nil))
        == "function must not be NULL")
    #expect(
      failure(martlet_model_set_learning_rate_schedule(model, nil)) == "schedule must not be NULL")
  }

  @Test func gradientsOfTheCallersMoveTheWeights() throws {
    let session = Session()
    let model = try model(session, #"{"class_name": "SGD", "config": {"learning_rate": 0.5}}"#)
    let layer = try session.asLayer(model)
    func bias() throws -> [Float] {
      var values = [Float](repeating: .nan, count: 2)
      try check(martlet_layer_get_weight(layer, 1, &values, 2))
      return values
    }
    let floats: [Float] = [1, 2, 3, 4, 5, 6]
    try floats.withUnsafeBytes { values in
      try [3, 2].withUnsafeBufferPointer { (shape: UnsafeBufferPointer<Int64>) in
        let kernel = martlet_array(
          data: values.baseAddress, shape: shape.baseAddress, strides: nil, rank: 2,
          dtype: martlet_dtype(MARTLET_FLOAT32))
        let bias = martlet_array(
          data: values.baseAddress, shape: shape.baseAddress! + 1, strides: nil, rank: 1,
          dtype: martlet_dtype(MARTLET_FLOAT32))
        try check(martlet_model_apply_gradients(model, [kernel, bias], 2))
        #expect(
          failure(martlet_model_apply_gradients(model, [kernel], 1))
            == "expected 2 gradients, one for each trainable weight, received 1")
      }
    }
    #expect(try bias() == [-0.5, -1])
    #expect(
      failure(martlet_model_apply_gradients(model, nil, 2)) == "gradients must not be NULL")
    #expect(
      failure(martlet_model_apply_gradients(nil, nil, 0)) == "model must not be NULL")
    try check(martlet_model_finalize_weights(model))
    #expect(try bias() == [-0.5, -1])
    #expect(failure(martlet_model_finalize_weights(nil)) == "model must not be NULL")
  }

  @Test func optimizersAreCheckedAlone() throws {
    try check(martlet_optimizer_check(#"{"class_name": "lion", "config": {"clipnorm": 1}}"#))
    #expect(
      failure(martlet_optimizer_check(#"{"class_name": "Adam", "config": {"beta_3": 1}}"#))
        .hasPrefix("Adam: unknown argument 'beta_3'; did you mean 'beta_"))
    #expect(failure(martlet_optimizer_check(nil)) == "description must not be NULL")
  }
}
