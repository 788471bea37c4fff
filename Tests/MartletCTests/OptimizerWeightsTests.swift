import CMartlet
import Testing

struct OptimizerWeightsTests {
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
}
