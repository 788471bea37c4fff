import CMartlet
import Testing

struct WeightsTests {
  private func dense(_ session: Session) throws -> OpaquePointer {
    let layer = try session.layer("Dense", #"{"units": 2, "name": "d"}"#)
    _ = try session.call(layer, session.input([3]))
    return layer
  }

  private func values(_ layer: OpaquePointer, _ index: Int64, _ count: Int) throws -> [Float] {
    var values = [Float](repeating: .nan, count: count)
    try check(martlet_layer_get_weight(layer, index, &values, Int64(count)))
    return values
  }

  /// An array of the test's, lent for one call.
  private func withArray<Element, Result>(
    _ elements: [Element], _ shape: [Int64], _ dtype: Int, strides: [Int64]? = nil,
    _ body: (martlet_array) throws -> Result
  ) rethrows -> Result {
    try elements.withUnsafeBytes { data in
      try shape.withUnsafeBufferPointer { shape in
        func array(_ strides: UnsafePointer<Int64>?) -> martlet_array {
          martlet_array(
            data: data.baseAddress, shape: shape.baseAddress, strides: strides,
            rank: Int32(shape.count), dtype: martlet_dtype(dtype))
        }
        guard let strides else { return try body(array(nil)) }
        return try strides.withUnsafeBufferPointer { try body(array($0.baseAddress)) }
      }
    }
  }

  @Test func infoTellsNameShapeAndOwner() throws {
    let session = Session()
    let layer = try session.layer("BatchNormalization", #"{"name": "b"}"#)
    _ = try session.call(layer, session.input([5]))
    var info = martlet_weight_info()
    info.struct_size = MemoryLayout<martlet_weight_info>.stride
    try check(martlet_layer_weight_info(&info, layer, 3))
    #expect(String(cString: info.name) == "moving_variance")
    #expect(String(cString: info.layer) == "b")
    #expect(info.trainable == 0)
    #expect(info.rank == 1)
    #expect(info.shape.0 == 5)
    #expect(info.count == 5)
    for index in [-1, 4, .max] as [Int64] {
      #expect(
        failure(martlet_layer_weight_info(&info, layer, index))
          == "layer 'b': weight \(index) was asked for, but there are 4")
    }
    info.struct_size = 8
    #expect(
      failure(martlet_layer_weight_info(&info, layer, 0))
        .hasPrefix("struct_size of martlet_weight_info must be sizeof(martlet_weight_info), "))
  }

  @Test func weightsByName() throws {
    let session = Session()
    let layer = try dense(session)
    var index: Int64 = -1
    try check(martlet_layer_weight_index(&index, layer, "bias"))
    #expect(index == 1)
    #expect(
      failure(martlet_layer_weight_index(&index, layer, "bais"))
        == "unknown weight of 'd' 'bais'; did you mean 'bias'?")
    let x = try session.input([3])
    let inner = try session.asLayer(session.model([x], [session.call(layer, x)], name: "inner"))
    let y = try session.input([3])
    let outer = try session.asLayer(
      session.model([y], [session.call(layer, y), session.call(inner, y)], name: "outer"))
    try check(martlet_layer_weight_index(&index, outer, "d/kernel"))
    #expect(index == 0)
    #expect(
      failure(martlet_layer_weight_index(&index, outer, "kernel"))
        == "unknown weight of 'outer' 'kernel'; did you mean 'd/kernel'?")
    #expect(failure(martlet_layer_weight_index(nil, layer, "bias")) == "index must not be NULL")
    #expect(failure(martlet_layer_weight_index(&index, nil, "bias")) == "layer must not be NULL")
    #expect(failure(martlet_layer_weight_index(&index, layer, nil)) == "name must not be NULL")
  }

  @Test func weightsGoInAndOut() throws {
    let session = Session()
    let layer = try dense(session)
    // A transposed view of doubles, and bytes.
    try withArray(
      [1, 2, 3, 4, 5, 6] as [Double], [3, 2], MARTLET_FLOAT64, strides: [8, 24]
    ) { kernel in
      try withArray([7, 200] as [UInt8], [2], MARTLET_UINT8) { bias in
        try check(martlet_layer_set_weights(layer, [kernel, bias], 2))
      }
    }
    #expect(try values(layer, 0, 6) == [1, 4, 2, 5, 3, 6])
    #expect(try values(layer, 1, 2) == [7, 200])
  }

  @Test func nothingChangesWhereAShapeIsWrong() throws {
    let session = Session()
    let layer = try dense(session)
    let before = try values(layer, 0, 6)
    let floats: [Float] = [9, 9, 9, 9, 9, 9]
    withArray(floats, [3, 2], MARTLET_FLOAT32) { kernel in
      withArray(floats, [3], MARTLET_FLOAT32) { bias in
        #expect(
          failure(martlet_layer_set_weights(layer, [kernel, bias], 2))
            == "layer 'd': weight 1, 'bias', has shape (2,), received (3,)")
        #expect(
          failure(martlet_layer_set_weights(layer, [kernel], 1))
            == "layer 'd': a list of 2 weights was expected, received 1")
        _ = failure(martlet_layer_set_weights(layer, nil, -1))
        #expect(failure(martlet_layer_set_weights(layer, nil, 2)) == "weights must not be NULL")
      }
    }
    #expect(try values(layer, 0, 6) == before)
    var small = [Float](repeating: 0, count: 3)
    #expect(
      failure(martlet_layer_get_weight(layer, 0, &small, 3))
        == "layer 'd': weight 'kernel' of shape (3, 2) has 6 values, received room for 3")
    #expect(failure(martlet_layer_get_weight(layer, 0, nil, 6)) == "values must not be NULL")
  }

  @Test func arraysAreCheckedBeforeTheyAreRead() throws {
    let session = Session()
    let layer = try dense(session)
    func message(_ array: martlet_array, is status: Int = MARTLET_INVALID_ARGUMENT) -> String {
      failure(martlet_layer_set_weights(layer, [array, array], 2), is: status)
    }
    let floats: [Float] = [1, 2]
    withArray(floats, [2], 99) {
      #expect(
        message($0, is: MARTLET_INVALID_TYPE) == "weights[0]: unknown dtype 99 of an array")
    }
    withArray(floats, [], MARTLET_FLOAT32) {
      #expect(message($0) == "weights[0]: rank must be from 1 to 8, received 0")
    }
    withArray(floats, [-2], MARTLET_FLOAT32) {
      #expect(message($0) == "weights[0]: an array has the shape (-2,)")
    }
    withArray(floats, [.max, .max], MARTLET_FLOAT32) {
      #expect(
        message($0)
          == "weights[0]: an array of shape (9223372036854775807, 9223372036854775807) "
          + "does not fit into memory")
    }
    withArray(floats, [2, 2], MARTLET_FLOAT32, strides: [.min, 4]) {
      #expect(message($0) == "weights[0]: an array of shape (2, 2) does not fit into memory")
    }
    withArray(floats, [2], MARTLET_FLOAT32) {
      var array = $0
      array.data = nil
      #expect(message(array) == "weights[0]: data of an array of shape (2,) is NULL")
      array = $0
      array.shape = nil
      #expect(message(array) == "weights[0]: shape must not be NULL")
      array = $0
      array.rank = .max
      #expect(message(array) == "weights[0]: rank must be from 1 to 8, received 2147483647")
    }
  }
}
