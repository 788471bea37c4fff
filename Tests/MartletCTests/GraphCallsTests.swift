import CMartlet
import Foundation
import Testing

struct GraphCallsTests {
  @Test func versions() {
    #expect(martlet_abi_version() == Int32(MARTLET_ABI_VERSION))
    #expect(String(cString: martlet_version()).split(separator: ".").count == 3)
    #expect(
      ["portable", "avx2", "avx512", "avx512_bf16", "amx"].contains(
        String(cString: martlet_instruction_set())))
    _ = String(cString: martlet_settings_warning())
  }

  @Test func threadCountIsChecked() throws {
    #expect(martlet_thread_count() >= 1)
    #expect(
      failure(martlet_set_thread_count(-1))
        == "the number of threads must be from 1 to 1024, or 0 for what the machine allows, "
        + "received -1")
    _ = failure(martlet_set_thread_count(1025))
    try check(martlet_set_thread_count(0))
  }

  @Test func matmulPrecisionIsChecked() throws {
    defer { _ = martlet_set_matmul_precision("highest") }
    try check(martlet_set_matmul_precision("high"))
    #expect(String(cString: martlet_matmul_precision()) == "high")
    #expect(
      failure(martlet_set_matmul_precision("medium"))
        == "the precision of matrix products must be 'highest' or 'high', received 'medium'")
    #expect(failure(martlet_set_matmul_precision(nil)) == "precision must not be NULL")
    #expect(String(cString: martlet_matmul_precision()) == "high")
  }

  @Test func policiesAreReadAndWritten() throws {
    let session = Session()
    let layer = try session.layer("Dense", #"{"units": 8, "dtype": "mixed_bfloat16"}"#)
    let config = try created { martlet_layer_config($0, layer) }
    #expect(config.contains(#""class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}"#))
    var handle: OpaquePointer?
    #expect(
      failure(martlet_layer_create(&handle, "Dense", #"{"units": 8, "dtype": "bfloat16"}"#))
        == "Dense: invalid value for argument 'dtype': expected 'float32' or 'mixed_bfloat16', "
        + #"received "bfloat16"; did you mean 'mixed_bfloat16'?"#)
  }

  @Test func extentsMayBeLeftOpen() throws {
    let session = Session()
    let open = Int64(MARTLET_OPEN)
    let image = try session.input([open, open, 1], "image")
    let edges = try session.layer("Conv2D", #"{"filters": 2, "kernel_size": 3, "name": "edges"}"#)
    let output = try session.call(edges, image)
    var shape = [Int64](repeating: 0, count: 4)
    var rank: Int32 = 0
    try check(martlet_symbol_shape(output, &shape, 4, &rank))
    #expect(rank == 3)
    #expect(Array(shape.prefix(3)) == [open, open, 2])

    let model = try session.model([image], [output])
    let pixels = [Float](repeating: 1, count: 2 * 5 * 7)
    try pixels.withUnsafeBytes { bytes in
      let extents: [Int64] = [2, 5, 7, 1]
      try extents.withUnsafeBufferPointer { extents in
        var x = martlet_array()
        x.data = bytes.baseAddress
        x.dtype = martlet_dtype(MARTLET_FLOAT32)
        x.shape = extents.baseAddress
        x.rank = 4
        try check(martlet_model_output_shape(model, &x, 1, 0, &shape, 4, &rank))
        #expect(rank == 3)
        #expect(Array(shape.prefix(3)) == [3, 5, 2])
        #expect(
          failure(martlet_model_output_shape(model, &x, 1, 1, &shape, 4, &rank))
            == "there are 1 outputs, received index 1")
        #expect(
          failure(martlet_model_output_shape(model, &x, 1, 0, &shape, 4, nil))
            == "rank must not be NULL")
      }
    }
    var handle: OpaquePointer?
    #expect(
      failure(martlet_input_create(&handle, [-2, 3], 2, nil))
        == "shape (-2, 3) has an extent below 1")
  }

  @Test func seedsOfLayersAreReadAndSet() throws {
    let session = Session()
    let dropout = try session.layer("Dropout", #"{"rate": 0.5, "seed": 7}"#)
    #expect(martlet_layer_is_random(dropout) == 1)
    var seed: UInt64 = 0
    try check(martlet_layer_seed(&seed, dropout))
    #expect(seed == 7)
    try check(martlet_layer_set_seed(dropout, 1 << 63))
    try check(martlet_layer_seed(&seed, dropout))
    #expect(seed == 1 << 63)

    let dense = try session.layer("Dense", #"{"units": 8, "name": "sums"}"#)
    #expect(martlet_layer_is_random(dense) == 0)
    #expect(
      failure(martlet_layer_set_seed(dense, 1), is: MARTLET_INVALID_STATE)
        == "layer 'sums': it draws no random numbers, so it has no seed")
    _ = failure(martlet_layer_seed(nil, dropout))
  }

  @Test func aLayerIsMadeAskedAndCalled() throws {
    let session = Session()
    let layer = try session.layer(
      "Conv2D", #"{"filters": 32, "kernel_size": 3, "name": "conv"}"#)
    #expect(String(cString: martlet_layer_name(layer)) == "conv")
    #expect(String(cString: martlet_layer_class_name(layer)) == "Conv2D")
    #expect(martlet_layer_output_count(layer) == 1)
    #expect(martlet_layer_is_built(layer) == 0)
    #expect(martlet_layer_weight_count(layer) == 0)
    let config = try created { martlet_layer_config($0, layer) }
    #expect(config.hasPrefix(#"{"name": "conv", "trainable": true, "#))

    let output = try session.call(layer, session.input([28, 28, 1]))
    #expect(martlet_layer_is_built(layer) == 1)
    var shape = [Int64](repeating: -1, count: 4)
    var rank: Int32 = 0
    try check(martlet_symbol_shape(output, &shape, 2, &rank))
    #expect(rank == 3)
    #expect(shape == [26, 26, -1, -1])
    try check(martlet_symbol_shape(output, &shape, 4, &rank))
    #expect(shape == [26, 26, 32, -1])
    try check(martlet_symbol_shape(output, nil, 0, &rank))
    try check(martlet_symbol_shape(output, nil, -5, &rank))
    #expect(failure(martlet_symbol_shape(output, nil, 1, &rank)) == "shape must not be NULL")
  }

  @Test func trainableIsKept() throws {
    let session = Session()
    let layer = try session.layer("BatchNormalization")
    #expect(martlet_layer_is_trainable(layer) == 1)
    try check(martlet_layer_set_trainable(layer, 0))
    #expect(martlet_layer_is_trainable(layer) == 0)
  }

  @Test func aModelIsMadeDescribedAndNested() throws {
    let session = Session()
    let x = try session.input([4], "x")
    let dense = try session.layer("Dense", #"{"units": 3, "name": "d"}"#)
    let hidden = try session.call(dense, x)
    let inner = try session.model([x], [hidden, x], name: "inner")
    let description = try created { martlet_model_describe($0, inner) }
    #expect(
      description.hasPrefix(
        #"{"class_name": "Functional", "name": "inner", "trainable": true, "inputs": [["x", 0, 0]], "#
          + #""outputs": [["d", 0, 0], ["x", 0, 0]], "layers": "#))

    let layer = try session.asLayer(inner)
    #expect(martlet_layer_output_count(layer) == 2)
    #expect(martlet_layer_weight_count(layer) == 2)
    let y: OpaquePointer? = try session.input([4], "y")
    var outputs: [OpaquePointer?] = [nil, nil]
    try check(martlet_layer_call_all(&outputs, 2, layer, [y], 1))
    for output in outputs { martlet_symbol_release(output) }
    #expect(
      failure(martlet_layer_call(&outputs, layer, [y], 1))
        == "layer 'inner': the number of outputs is 2, received room for 1")
    #expect(
      failure(martlet_layer_call_all(&outputs, -1, layer, [y], 1))
        == "layer 'inner': the number of outputs is 2, received room for -1")
  }

  /// What is between the inputs and the outputs.
  @Test func partsOfAModel() throws {
    let session = Session()
    let x = try session.input([2], "x")
    let twice = try session.layer("Rescaling", #"{"scale": 2, "name": "twice"}"#)
    let y = try session.call(twice, x)
    let z = try session.call(twice, y)
    let sum = try session.call(session.layer("Add", #"{"name": "sum"}"#), y, z)
    let out = try session.call(session.layer("Dense", #"{"units": 1, "name": "out"}"#), sum)
    let model = try session.model([x], [out], name: "whole")
    var part: OpaquePointer?
    try check(
      martlet_model_create_part(&part, model, #"["sum", ["twice", 1, 0], ["x", 0, 0]]"#, "part"))
    defer { martlet_model_release(part) }
    let values: [Float] = [1, 10]
    let places = (0..<3).map { _ in UnsafeMutablePointer<Float>.allocate(capacity: 2) }
    defer { for place in places { place.deallocate() } }
    try values.withUnsafeBytes { data in
      try [1, 2].withUnsafeBufferPointer { (shape: UnsafeBufferPointer<Int64>) in
        let array = martlet_array(
          data: data.baseAddress, shape: shape.baseAddress, strides: nil, rank: 2,
          dtype: martlet_dtype(MARTLET_FLOAT32))
        try check(
          martlet_model_predict(part, [array], 1, 0, nil, places.map { Optional($0) }, 3))
      }
    }
    #expect(places.map { [$0[0], $0[1]] } == [[6, 60], [4, 40], [1, 10]])

    func refused(_ outputs: String?) -> String {
      var none: OpaquePointer?
      return failure(martlet_model_create_part(&none, model, outputs, nil))
    }
    #expect(refused(#"["sun"]"#) == "unknown layer of model 'whole' 'sun'; did you mean 'sum'?")
    #expect(
      refused(#"["twice"]"#)
        == #"layer 'twice' gives 2 tensors in model 'whole': name one as ["twice", call, output]"#)
    #expect(
      refused(#"[["twice", 2, 0]]"#)
        == #"there is no tensor ["twice", 2, 0] in model 'whole'"#)
    #expect(
      refused(#"[["sum", 0, 1]]"#) == #"there is no tensor ["sum", 0, 1] in model 'whole'"#)
    #expect(refused("[3]") == "expected [layer, call, output] for a tensor, received 3")
    #expect(refused("[]") == "a model needs at least one output")
    #expect(refused(nil) == "outputs must not be NULL")
    var none: OpaquePointer?
    #expect(
      failure(martlet_model_create_part(&none, model, "{}", nil), is: MARTLET_INVALID_TYPE)
        == "outputs must be a JSON array, received {}")
    #expect(
      failure(martlet_model_create_part(&none, nil, "[]", nil)) == "model must not be NULL")
    #expect(failure(martlet_model_create_part(nil, model, "[]", nil)) == "out must not be NULL")
  }

  @Test func handlesMayGoBeforeWhatWasMadeOfThem() throws {
    let session = Session()
    var model: OpaquePointer?
    do {
      let inner = Session()
      let x = try inner.input([4], "x")
      let y = try inner.call(inner.layer("Dense", #"{"units": 3, "name": "d"}"#), x)
      try check(martlet_model_create(&model, [x], 1, [y], 1, "Sequential", "m"))
    }
    let layer = try session.asLayer(model!)
    martlet_model_release(model)
    #expect(String(cString: martlet_layer_name(layer)) == "m")
    #expect(String(cString: martlet_layer_class_name(layer)) == "Sequential")
    #expect(martlet_layer_weight_count(layer) == 2)
  }

  /// Handles that are not alive any more, and handles of another kind.
  @Test func deadHandlesAreErrors() throws {
    let session = Session()
    let x = try session.input([4], "x")
    let dense = try session.layer("Dense", #"{"units": 3, "name": "d"}"#)
    let model = try session.model([x], [session.call(dense, x)])
    var none: OpaquePointer?
    var text: UnsafeMutablePointer<CChar>?
    #expect(
      failure(martlet_layer_config(&text, x))
        == "layer is not alive: it has been released, or is another kind of handle")
    #expect(
      failure(martlet_model_describe(&text, dense))
        == "model is not alive: it has been released, or is another kind of handle")
    #expect(
      failure(martlet_layer_call(&none, dense, [model], 1))
        == "inputs[0] is not alive: it has been released, or is another kind of handle")
    #expect(martlet_layer_weight_count(x) == 0)
    #expect(String(cString: martlet_layer_name(model)) == "")
    #expect(martlet_model_is_compiled(dense) == 0)

    var layer: OpaquePointer?
    try check(martlet_layer_create(&layer, "Flatten", nil))
    // What is no layer is not released as one.
    martlet_layer_release(x)
    martlet_symbol_release(layer)
    try check(martlet_layer_config(&text, layer))
    martlet_text_release(text)
    martlet_layer_release(layer)
    martlet_layer_release(layer)
    #expect(
      failure(martlet_layer_config(&text, layer))
        == "layer is not alive: it has been released, or is another kind of handle")
    try check(martlet_model_describe(&text, model))
    martlet_text_release(text)
  }

  @Test func nullIsAnErrorNotACrash() throws {
    var handle: OpaquePointer?
    var text: UnsafeMutablePointer<CChar>?
    var rank: Int32 = 0
    #expect(failure(martlet_layer_create(nil, "Dense", nil)) == "out must not be NULL")
    #expect(failure(martlet_layer_create(&handle, nil, nil)) == "class_name must not be NULL")
    #expect(failure(martlet_layer_config(&text, nil)) == "layer must not be NULL")
    #expect(failure(martlet_layer_set_trainable(nil, 1)) == "layer must not be NULL")
    #expect(failure(martlet_input_create(&handle, nil, 2, nil)) == "shape must not be NULL")
    #expect(failure(martlet_layer_call(&handle, nil, nil, 0)) == "layer must not be NULL")
    #expect(failure(martlet_symbol_shape(nil, nil, 0, &rank)) == "symbol must not be NULL")
    #expect(failure(martlet_model_describe(&text, nil)) == "model must not be NULL")
    #expect(failure(martlet_model_as_layer(&handle, nil)) == "model must not be NULL")
    #expect(
      failure(martlet_model_create(&handle, nil, 1, nil, 1, nil, nil))
        == "inputs must not be NULL")
    #expect(
      failure(martlet_model_create(&handle, nil, -1, nil, 1, nil, nil))
        == "the number of inputs is negative: -1")
    #expect(
      failure(martlet_model_create(&handle, nil, 0, nil, 0, nil, nil))
        == "a model needs at least one input")
    #expect(
      failure(martlet_model_create(&handle, [nil], 1, nil, 0, nil, nil))
        == "inputs[0] must not be NULL")
    #expect(String(cString: martlet_layer_name(nil)) == "")
    #expect(String(cString: martlet_layer_class_name(nil)) == "")
    #expect(martlet_layer_is_built(nil) == 0)
    #expect(martlet_layer_is_trainable(nil) == 0)
    #expect(martlet_layer_output_count(nil) == 0)
    #expect(martlet_layer_weight_count(nil) == 0)
    martlet_layer_release(nil)
    martlet_symbol_release(nil)
    martlet_model_release(nil)
    martlet_text_release(nil)
    #expect(handle == nil)
  }

  @Test func absurdSizesAreErrors() throws {
    var handle: OpaquePointer?
    #expect(
      failure(martlet_input_create(&handle, [1], 8, nil)) == "rank must be from 0 to 7, received 8")
    #expect(
      failure(martlet_input_create(&handle, [1], -1, nil))
        == "rank must be from 0 to 7, received -1")
    #expect(
      failure(martlet_input_create(&handle, [.max, .max], 2, nil))
        == "shape (9223372036854775807, 9223372036854775807) has too many elements")
    #expect(
      failure(martlet_input_create(&handle, [0, .min], 2, nil))
        == "shape (0, -9223372036854775808) has an extent below 1")
  }

  @Test func messagesSayWhatTheJSONLacks() throws {
    var handle: OpaquePointer?
    #expect(
      failure(martlet_layer_create(&handle, "Dense", "{units: 3}"))
        == "attributes: JSON, line 1, column 2: expected a key, found 'u'")
    #expect(
      failure(martlet_layer_create(&handle, "Dense", "[]"), is: MARTLET_INVALID_TYPE)
        == "attributes must be a JSON object, received []")
    #expect(
      failure(martlet_layer_create(&handle, "Dense", "{}"), is: MARTLET_INVALID_TYPE)
        == "Dense: missing the required argument 'units'")
    let bytes: [CChar] = [-1, 0]
    #expect(failure(martlet_layer_create(&handle, bytes, nil)) == "class_name is not UTF-8")
  }

  @Test func errorsArePerThread() async {
    var handle: OpaquePointer?
    _ = martlet_layer_create(&handle, "Dens", nil)
    let here = lastError
    #expect(here == "unknown layer 'Dens'; did you mean 'Dense'?")
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        #expect(lastError == "")
        continuation.resume()
      }
    }
  }
}
